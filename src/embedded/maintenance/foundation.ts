import { Buffer } from 'node:buffer';
import { join } from 'node:path';
import { hashBody } from '../../document/body-hash.ts';
import type { Document } from '../../document/document.ts';
import { noDefinitions, type TableRecord } from '../log/record.ts';
import { recordNewest } from '../log/repair.ts';
import { sealBytes } from '../log/segment-header.ts';
import { uuidBytes, uuidOfRandom } from '../log/uuid-bytes.ts';
import type { Clock } from '../ports/clock.ts';
import { makeDurableDirectory } from '../ports/durable-directory.ts';
import type { FileSystem } from '../ports/file-system.ts';
import type { Random } from '../ports/random.ts';
import { snapshotDirectoryName } from '../snapshot/snapshot-files.ts';
import { writeSnapshot } from '../snapshot/snapshot-writer.ts';
import { beginEpoch } from './log-ending.ts';

/** A document that has a past elsewhere. What the engine itself tells of a document, it will give. */
export type FoundingDocument = Omit<Document, 'bodyHash' | 'sequence' | 'createdSequence' | 'previousSequence'>;

export interface FoundationOptions {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
  /** The data directory to make: nothing of a database may be in it. */
  readonly directory: string;
  readonly tables: readonly TableRecord[];
  /** In the order in which they are to be listed. Their tables are among `tables`, or the default one. */
  readonly documents: readonly FoundingDocument[];
}

/**
 * Makes the data directory of a database that begins with documents at their versions, and not with a first commit: a base, as if all that
 * came before had been pruned (FORMAT.md, "A database with a past elsewhere"). `log/newest` names the segment that is made last, so a directory that was
 * not finished does not open. What was begun is left to the caller to remove.
 */
export async function foundDatabase(options: FoundationOptions): Promise<void> {
  const { fileSystem, clock, random, directory } = options;
  const tables = options.tables.toSorted(compareIds);
  const { documents, sequence } = placed(options.documents, tables.length);
  const databaseId = uuidOfRandom(random.bytes(uuidBytes));
  const epoch = uuidOfRandom(random.bytes(uuidBytes));
  const noSeal = Buffer.alloc(sealBytes);
  const next = { databaseId, firstSequence: sequence + 1 };
  const log = join(directory, 'log');
  await makeDurableDirectory(fileSystem, log);
  await recordNewest(fileSystem, log, next);
  await writeSnapshot({
    fileSystem,
    clock,
    random,
    directory: join(directory, snapshotDirectoryName),
    role: 'base',
    header: { databaseId, epoch, seal: noSeal, sequence, committedAt: clock.now() },
    content: async (writer) => {
      writer.definitions({ ...noDefinitions, tables });
      for (const document of documents) {
        writer.document(document);
        if (writer.due) await writer.pause();
      }
    },
  });
  await beginEpoch(options, log, { ...next, previousSeal: noSeal });
}

/**
 * Numbers them as if there had been a commit for each table and then one for each version of each document, one document after the other.
 * @returns the documents sorted by id, and the last number.
 */
function placed(
  founding: readonly FoundingDocument[],
  tables: number,
): { readonly documents: readonly Document[]; readonly sequence: number } {
  let sequence = tables;
  const documents = founding.map((document) => {
    const createdSequence = sequence + 1;
    sequence += document.version;
    const previousSequence = document.version === 1 ? 0 : sequence - 1;
    return { ...document, bodyHash: hashBody(document.body), sequence, createdSequence, previousSequence };
  });
  return { documents: documents.sort(compareIds), sequence };
}

/** As the bytes of the ids compare: their digits are lower case. */
function compareIds(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : 1;
}
