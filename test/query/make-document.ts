import { type Document, defaultTable } from '../../src/document/document.ts';
import type { JsonObject } from '../../src/document/json.ts';

/** A document with this body. Its hash is not that of the body, for no query looks at it. */
export function makeDocument(body: JsonObject, more: Partial<Document> = {}): Document {
  return {
    id: '00000000-0000-7000-8000-000000000001',
    table: defaultTable,
    tableNamed: false,
    name: 'default',
    body,
    bodyHash: '0'.repeat(64),
    version: 1,
    createdAt: 0,
    updatedAt: null,
    archivedAt: null,
    sequence: 1,
    createdSequence: 1,
    previousSequence: 0,
    ...more,
  };
}
