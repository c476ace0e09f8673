import type { Document } from '../document/document.ts';
import type { Archived } from '../query/find-query.ts';

/** Whether a reader who asked for `archived` sees the document. */
export function admits(archived: Archived, document: Document): boolean {
  return archived === 'INCLUDE' || (document.archivedAt !== null) === (archived === 'ONLY');
}
