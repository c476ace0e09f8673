import type { JsonValue } from '../document/json.ts';
import type { Path } from '../document/path.ts';

/**
 * What a document must be like, as a frozen tree. Every door parses into it, every engine compiles from it. A `path`
 * follows the one grammar in `document/path.ts`; an operator means what MongoDB's operator of that name means, lists on
 * the path included, except `equalField`. Where that differs on purpose: the order of an object's keys means nothing, and one
 * of the document's own times is a text, in the form of `formatTime` on both sides (`parseFilter` brings operands to it).
 */
export type Filter =
  | { readonly kind: 'and' | 'or'; readonly filters: readonly Filter[] } // none: `and` fits all, `or` nothing
  | { readonly kind: 'not'; readonly filter: Filter }
  | { readonly kind: 'eq' | 'gt' | 'gte' | 'lt' | 'lte'; readonly path: Path; readonly value: JsonValue }
  | { readonly kind: 'ne'; readonly path: Path; readonly value: JsonValue }
  | { readonly kind: 'in'; readonly path: Path; readonly values: readonly JsonValue[] }
  | { readonly kind: 'notIn' | 'all'; readonly path: Path; readonly values: readonly JsonValue[] }
  | { readonly kind: 'exists'; readonly path: Path; readonly exists: boolean }
  | { readonly kind: 'type'; readonly path: Path; readonly type: JsonType }
  | { readonly kind: 'contains'; readonly path: Path; readonly value: JsonValue }
  | { readonly kind: 'startsWith' | 'endsWith'; readonly path: Path; readonly text: string }
  | { readonly kind: 'regex'; readonly path: Path; readonly pattern: string }
  | { readonly kind: 'size'; readonly path: Path; readonly size: number }
  | { readonly kind: 'mod'; readonly path: Path; readonly divisor: number; readonly remainder: number } // safe integers
  | { readonly kind: 'some'; readonly path: Path; readonly filter: Filter } // an element of the list; paths start at it
  | EqualField;

/**
 * Strict: the whole value of the field equals `value`. Lists on the path are not looked into, and a missing field equals
 * nothing, not even null. It is what a plain value in `POST /document/find` and in `match` means.
 */
export interface EqualField {
  readonly kind: 'equalField';
  readonly path: Path;
  readonly value: JsonValue;
}

export type JsonType = 'STRING' | 'NUMBER' | 'BOOLEAN' | 'NULL' | 'OBJECT' | 'ARRAY';

/** Fits every document. */
export const everything: Filter = Object.freeze({ kind: 'and', filters: Object.freeze([]) });
