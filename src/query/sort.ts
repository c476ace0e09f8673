import type { Document } from '../document/document.ts';
import type { Order } from './order.ts';
import { Ordering } from './ordering.ts';

/** The documents in the order asked for, as a new list. What they are ordered by is read once per document. */
export function sortDocuments(documents: Iterable<Document>, orderBy: readonly Order[]): Document[] {
  const ordering = new Ordering(orderBy);
  return Array.from(documents, (document) => ({ document, position: ordering.position(document) }))
    .sort((a, b) => ordering.comparePositions(a.position, b.position))
    .map(({ document }) => document);
}
