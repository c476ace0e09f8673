import { join } from 'node:path';
import { hashBody } from '../../../src/document/body-hash.ts';
import { type Document, defaultTable, type TableReference } from '../../../src/document/document.ts';
import type { JsonObject } from '../../../src/document/json.ts';
import { SealedSegment, segmentPath } from '../../../src/embedded/history/sealed-segment.ts';
import { TimeSlice } from '../../../src/embedded/history/time-slice.ts';
import type { CommitRecord, LogRecord } from '../../../src/embedded/log/record.ts';
import type { Random } from '../../../src/embedded/ports/random.ts';
import type { SeededRandom } from '../../fault/seeded-random.ts';
import type { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import {
  appendFrame,
  commitOf,
  documentId,
  documentOf,
  logDirectory,
  openLog,
  stillClock,
} from '../log/log-fixture.ts';

export const slice = new TimeSlice(stillClock);

/** A database of a few documents and tables that change at random, with every record that the state knows. */
export class RandomWorkload {
  readonly commits: CommitRecord[] = [];
  readonly #random: SeededRandom;
  readonly #documents = new Map<string, Document>();
  readonly #tables = new Map<string, TableReference>();
  #tablesMade = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** The next commit: one to four records. */
  next(): CommitRecord {
    const sequence = this.commits.length + 1;
    const records: LogRecord[] = [];
    for (let count = 1 + this.#random.below(4); count > 0; count -= 1) this.#addRecord(records, sequence);
    const hasRequest = this.#random.chance(0.3);
    const commit = commitOf(sequence, records, {
      idempotencyKey: hasRequest ? `key-${sequence}` : null,
      requestDigest: hasRequest ? Uint8Array.from(this.#random.bytes(32)) : null,
    });
    this.commits.push(commit);
    return commit;
  }

  #addRecord(records: LogRecord[], sequence: number): void {
    const table = this.#anyTable();
    if (this.#random.chance(0.1)) {
      this.#tablesMade += 1;
      const number = 0xffff_0000 + this.#tablesMade;
      const made = { id: documentId(number), name: `table-${this.#tablesMade}` };
      this.#tables.set(made.id, made);
      records.push({ kind: 'putTable', table: { ...made, createdAt: sequence, settings: { n: sequence } } });
    } else if (this.#random.chance(0.05) && table !== defaultTable) {
      this.#tables.delete(table.id);
      for (const document of [...this.#documents.values()]) {
        if (document.table.id === table.id) this.#documents.delete(document.id);
      }
      records.push({ kind: 'dropTable', id: table.id });
    } else {
      this.#addDocumentRecord(records, sequence, table);
    }
  }

  #addDocumentRecord(records: LogRecord[], sequence: number, table: TableReference): void {
    const id = documentId(1 + this.#random.below(30));
    const current = this.#documents.get(id);
    if (current !== undefined && this.#random.chance(0.2)) {
      this.#documents.delete(id);
      records.push({ kind: 'eraseDocument', id, previousSequence: current.sequence });
      return;
    }
    const body = bodyOf(sequence, this.#random);
    const document =
      current === undefined
        ? documentOf(sequence, body, { id, table, name: `name-${sequence}` })
        : {
            ...current,
            body,
            bodyHash: hashBody(body),
            version: current.version + 1,
            updatedAt: sequence,
            archivedAt: this.#random.chance(0.2) ? sequence : null,
            sequence,
            previousSequence: current.sequence,
          };
    this.#documents.set(id, document);
    records.push({ kind: 'putDocument', document });
  }

  #anyTable(): TableReference {
    const tables = [defaultTable, ...this.#tables.values()];
    return tables[this.#random.below(tables.length)] ?? defaultTable;
  }
}

function bodyOf(sequence: number, random: SeededRandom): JsonObject {
  return { n: sequence, text: `secret-${sequence}-${'x'.repeat(random.below(200))}` };
}

/** Writes the commits, a few in each frame, into segments of about this size, and seals the last. */
export async function writeLog(
  fileSystem: SimulatedFileSystem,
  commits: readonly CommitRecord[],
  random: SeededRandom,
  segmentBytesMax = 2000,
): Promise<void> {
  const { log } = await openLog(fileSystem, { segmentBytesMax });
  let written = 0;
  while (written < commits.length) {
    const frame = commits.slice(written, written + 1 + random.below(3));
    await appendFrame(log, frame, random as Random);
    written += frame.length;
  }
  await log.close();
}

/** The first sequences of all segments. */
export function firstSequences(fileSystem: SimulatedFileSystem): number[] {
  return fileSystem
    .names(logDirectory)
    .filter((name) => name.endsWith('.log'))
    .map((name) => Number(name.slice(0, 20)));
}

export async function openSealed(fileSystem: SimulatedFileSystem, firstSequence: number): Promise<SealedSegment> {
  const segment = await SealedSegment.open(fileSystem, segmentPath(logDirectory, firstSequence), firstSequence);
  if (segment === null) throw new Error(`segment ${firstSequence} is not sealed`);
  return segment;
}

export function pathOf(...names: string[]): string {
  return join(logDirectory, ...names);
}
