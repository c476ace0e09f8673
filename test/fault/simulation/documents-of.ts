import type { Document } from '../../../src/document/document.ts';
import type { CommitRecord } from '../../../src/embedded/log/record.ts';

/** Every document that these commits, the first of a database, have left behind, in the order of creation. */
export function documentsOf(commits: readonly CommitRecord[]): Document[] {
  const documents = new Map<string, Document>();
  for (const record of commits.flatMap(({ records }) => records)) {
    if (record.kind === 'putDocument') documents.set(record.document.id, record.document);
    if (record.kind === 'eraseDocument') documents.delete(record.id);
    if (record.kind !== 'dropTable') continue;
    for (const { id, table } of documents.values()) if (table.id === record.id) documents.delete(id);
  }
  return inOrderOfCreation(documents.values());
}

export function inOrderOfCreation(documents: Iterable<Document>): Document[] {
  return [...documents].sort(
    (a, b) => a.createdSequence - b.createdSequence || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0),
  );
}
