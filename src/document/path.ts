/**
 * A parsed path: either keys into the body, or one of the document's own fields. `text` is what was parsed.
 *
 * Grammar: keys joined by `.`; digits index a list or name a key; a backslash escapes `.`, a leading `$` and itself;
 * an unescaped leading `$` names one of the document's own fields.
 */
export type Path =
  | { readonly kind: 'body'; readonly text: string; readonly keys: readonly string[] }
  | { readonly kind: 'field'; readonly text: string; readonly field: DocumentField };

export type DocumentField = 'id' | 'name' | 'table' | 'version' | 'createdAt' | 'updatedAt' | 'archivedAt';
