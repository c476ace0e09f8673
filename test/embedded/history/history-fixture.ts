import { join } from 'node:path';
import { hashBody } from '../../../src/document/body-hash.ts';
import { type Document, defaultTable, type TableReference } from '../../../src/document/document.ts';
import type { JsonObject } from '../../../src/document/json.ts';
import { SealedSegment, segmentPath } from '../../../src/embedded/history/sealed-segment.ts';
import { SegmentIndex } from '../../../src/embedded/history/segment-index.ts';
import { writeSegmentIndex } from '../../../src/embedded/history/segment-index-writer.ts';
import { TimeSlice } from '../../../src/embedded/history/time-slice.ts';
import type { CommitRecord, IndexRecord, LogRecord } from '../../../src/embedded/log/record.ts';
import { settingKey } from '../../../src/embedded/log/setting-key.ts';
import type { Random } from '../../../src/embedded/ports/random.ts';
import type { SnapshotRole } from '../../../src/embedded/snapshot/snapshot-files.ts';
import type { WrittenSnapshot } from '../../../src/embedded/snapshot/snapshot-writer.ts';
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
import { emptyContent, type SnapshotContent, writeContent } from '../snapshot/snapshot-fixture.ts';

export const slice = new TimeSlice(stillClock);

/** A database of a few documents and tables that change at random, with every record that the state knows. */
export class RandomWorkload {
  readonly commits: CommitRecord[] = [];
  readonly #random: SeededRandom;
  readonly #documents = new Map<string, Document>();
  readonly #tables = new Map<string, TableReference>();
  readonly #indexes = new Map<string, IndexRecord>();
  #forgottenBefore = 0;
  #tablesMade = 0;
  #indexesMade = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** The next commit: one to four records. */
  next(): CommitRecord {
    const sequence = this.commits.length + 1;
    const records: LogRecord[] = [];
    for (let count = 1 + this.#random.below(4); count > 0; count -= 1) this.#addRecord(records, sequence);
    const hasRequest = this.#random.chance(0.3);
    if (hasRequest) this.#addKeyRecord(records, sequence);
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
      for (const [id, index] of this.#indexes) if (index.tableId === table.id) this.#indexes.delete(id);
      records.push({ kind: 'dropTable', id: table.id });
    } else if (this.#random.chance(0.12)) {
      this.#addIndexRecord(records, table);
    } else if (this.#random.chance(0.06)) {
      const name = `setting-${this.#random.below(3)}`;
      records.push({ kind: 'putSetting', setting: { name, value: sequence % 3 === 0 ? null : sequence } });
    } else {
      this.#addDocumentRecord(records, sequence, table);
    }
  }

  /** Keys are forgotten sooner or later, or used again before. */
  #addKeyRecord(records: LogRecord[], sequence: number): void {
    this.#forgottenBefore = Math.max(this.#forgottenBefore, sequence - this.#random.below(40));
    records.push({
      kind: 'putKey',
      key: {
        id: documentId(0xfff0_0000 + this.#random.below(12)),
        sequence,
        committedAt: sequence,
        digest: '0f'.repeat(16),
        forgottenBefore: this.#forgottenBefore,
        erases: this.#random.chance(0.2),
        documentIds: records.flatMap((record) => (record.kind === 'putDocument' ? [record.document.id] : [])),
      },
    });
  }

  #addIndexRecord(records: LogRecord[], table: TableReference): void {
    const [existing] = this.#indexes.values();
    if (existing !== undefined && this.#random.chance(0.3)) {
      this.#indexes.delete(existing.id);
      records.push({ kind: 'dropIndex', id: existing.id });
      return;
    }
    if (existing !== undefined && this.#random.chance(0.3)) {
      this.#indexes.set(existing.id, { ...existing, ready: true });
      records.push({ kind: 'putIndex', index: { ...existing, ready: true } });
      return;
    }
    this.#indexesMade += 1;
    const index: IndexRecord = {
      id: documentId(0xfffe_0000 + this.#indexesMade),
      tableId: table.id,
      paths: [`path-${this.#indexesMade}`, 'n'],
      kind: this.#random.chance(0.5) ? 'HASH' : 'ORDERED',
      unique: this.#random.chance(0.5),
      archived: 'INCLUDE',
      ready: false,
      createdAt: this.#indexesMade,
    };
    this.#indexes.set(index.id, index);
    records.push({ kind: 'putIndex', index });
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

/** The state that these commits leave behind, told by a plain replay; sorted as a snapshot has it. */
export function stateAfter(commits: readonly CommitRecord[], before: SnapshotContent = emptyContent): SnapshotContent {
  const tables = new Map(before.tables.map((table) => [table.id, table]));
  const indexes = new Map(before.indexes.map((index) => [index.id, index]));
  const settings = new Map(before.settings.map((setting) => [settingKey(setting.name), setting]));
  const documents = new Map(before.documents.map((document) => [document.id, document]));
  const keys = new Map(before.keys.map((key) => [key.id, key]));
  for (const record of commits.flatMap(({ records }) => records)) {
    if (record.kind === 'putTable') tables.set(record.table.id, record.table);
    else if (record.kind === 'putDocument') documents.set(record.document.id, record.document);
    else if (record.kind === 'eraseDocument') documents.delete(record.id);
    else if (record.kind === 'putIndex') indexes.set(record.index.id, record.index);
    else if (record.kind === 'dropIndex') indexes.delete(record.id);
    else if (record.kind === 'putSetting') {
      if (record.setting.value === null) settings.delete(settingKey(record.setting.name));
      else settings.set(settingKey(record.setting.name), record.setting);
    } else if (record.kind === 'putKey') {
      keys.set(record.key.id, record.key);
      for (const { id, sequence } of [...keys.values()]) if (sequence < record.key.forgottenBefore) keys.delete(id);
    } else {
      tables.delete(record.id);
      for (const { id, tableId } of [...indexes.values()]) if (tableId === record.id) indexes.delete(id);
      for (const { id, table } of [...documents.values()]) if (table.id === record.id) documents.delete(id);
    }
  }
  return {
    tables: sortedById(tables),
    indexes: sortedById(indexes),
    settings: [...settings].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, setting]) => setting),
    documents: sortedById(documents),
    keys: sortedById(keys),
  };
}

function sortedById<T extends { readonly id: string }>(values: ReadonlyMap<string, T>): T[] {
  return [...values.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Takes a snapshot after a commit that is the last of its segment. */
export async function takeSnapshot(
  fileSystem: SimulatedFileSystem,
  commits: readonly CommitRecord[],
  sequence: number,
  role: SnapshotRole = 'snapshot',
): Promise<WrittenSnapshot> {
  const first = firstSequences(fileSystem).findLast((candidate) => candidate <= sequence);
  const segment = await openSealed(fileSystem, first ?? 1);
  if (segment.lastSequence !== sequence) throw new Error(`no segment ends with commit ${sequence}`);
  const { databaseId, epoch } = segment.header;
  const committedAt = commits[sequence - 1]?.committedAt ?? 0;
  const header = { databaseId, epoch, seal: segment.seal, sequence, committedAt };
  return writeContent(fileSystem, stateAfter(commits.slice(0, sequence)), { header, role });
}

/** Makes the indexes of these segments, and opens them. */
export async function makeIndexes(
  fileSystem: SimulatedFileSystem,
  segments: readonly number[],
): Promise<SegmentIndex[]> {
  const indexes: SegmentIndex[] = [];
  for (const first of segments) {
    await writeSegmentIndex(await openSealed(fileSystem, first), { fileSystem, directory: logDirectory, slice });
    indexes.push(await openIndex(fileSystem, first));
  }
  return indexes;
}

export async function openIndex(fileSystem: SimulatedFileSystem, firstSequence: number): Promise<SegmentIndex> {
  const segment = await openSealed(fileSystem, firstSequence);
  const index = await SegmentIndex.open(fileSystem, logDirectory, segment);
  if (index === null) throw new Error(`segment ${firstSequence} has no index`);
  return index;
}
