import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import type { Operation } from '../src/database/operation.ts';
import { anonymous } from '../src/database/principal.ts';
import { openEmbeddedDatabase } from '../src/embedded/embedded-database.ts';
import { toRestDocument } from '../src/rest/rest-document.ts';
import { personOf } from './people.ts';

/** A database of many documents on disk, and the same documents as text. */
export interface Dataset {
  /** A data directory with a snapshot of them all. */
  readonly directory: string;
  /** Their REST text, one a line, in the order of creation. */
  readonly lines: string;
  /** Of the REST text, line ends not counted. */
  readonly textBytes: number;
  readonly documents: number;
}

const operationsInCommit = 10_000;

/** Makes the database through the engine itself, 10,000 documents a commit: over HTTP it would take minutes. */
export async function makeDataset(parent: string, documents: number): Promise<Dataset> {
  const directory = join(parent, 'yaradb');
  const lines = join(parent, 'documents.jsonl');
  const database = await openEmbeddedDatabase({ directory });
  // Gigabytes that the system has yet to write would be in the way of every sync of what is measured next.
  const text = createWriteStream(lines, { flush: true });
  let textBytes = 0;
  for (let made = 0; made < documents; made += operationsInCommit) {
    const count = Math.min(operationsInCommit, documents - made);
    const operations: Operation[] = Array.from({ length: count }, (_, index) => ({
      kind: 'create',
      name: 'user_account',
      body: personOf(made + index),
    }));
    const commit = await database.commit(anonymous, operations);
    const chunk = commit.documents.map((document) => `${JSON.stringify(toRestDocument(document))}\n`).join('');
    textBytes += Buffer.byteLength(chunk) - count;
    if (!text.write(chunk)) await once(text, 'drain');
  }
  text.end();
  await once(text, 'close');
  await database.takeSnapshot();
  await database.close();
  return { directory, lines, textBytes, documents };
}
