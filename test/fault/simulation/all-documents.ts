import type { ReadView } from '../../../src/database/database.ts';
import type { Document } from '../../../src/document/document.ts';
import { everything } from '../../../src/query/filter.ts';

/** Every document of a view, archived or not, in the order of creation. */
export async function allDocuments(view: ReadView): Promise<Document[]> {
  const documents: Document[] = [];
  const query = { filter: everything, orderBy: [], archived: 'INCLUDE' } as const;
  for await (const slice of view.scanDocuments(query)) documents.push(...slice);
  return documents;
}
