import type { Buffer } from 'node:buffer';
import { ByteReader } from '../log/byte-reader.ts';
import { decodeIndex, decodeSetting } from '../log/definition-decoder.ts';
import { decodeKey } from '../log/key-decoder.ts';
import { PayloadDecoder } from '../log/payload-decoder.ts';
import { type Definitions, recordKinds, recordSaltBytes } from '../log/record.ts';
import { readUuid, uuidBytes } from '../log/uuid-bytes.ts';
import { entryKinds } from '../snapshot/snapshot-block.ts';
import type { SnapshotEntry } from '../snapshot/snapshot-entry.ts';
import type { SnapshotReader } from '../snapshot/snapshot-reader.ts';
import { type MergedEntry, mergeEntries } from './entry-merge.ts';
import { type IndexEntry, subjects } from './index-entry.ts';
import { RecordWindow } from './record-window.ts';
import type { IndexedEntries } from './segment-lookup.ts';
import type { TimeSlice } from './time-slice.ts';

export interface PastStateSources {
  /** Null when the log goes back to the first commit. */
  readonly base: SnapshotReader | null;
  /** Of every segment from the base to `sequence`, in order. */
  readonly indexes: readonly IndexedEntries[];
  /** At or behind the base, in or before the last of the segments. */
  readonly sequence: number;
}

/** Who takes the state: the writer of a snapshot, or whoever looks for something in it. */
export interface PastStateWriter {
  definitions(definitions: Definitions): void;
  /** A document, or a key, as the base has it. */
  entry(entry: SnapshotEntry): void;
  /** The payload of a `putDocument` record, good until this returns. */
  documentRecord(sequence: number, payload: Buffer): void;
  /** The same of a `putKey` record; null when idempotency keys are not asked for. */
  readonly keyRecord: ((sequence: number, payload: Buffer) => void) | null;
  /** Whether `pause` is to be called. */
  readonly due: boolean;
  pause(): Promise<void>;
}

/**
 * Hands over the state as of one sequence, all definitions, then all documents, then all keys, each sorted by id: of every one the newest version that
 * is not newer than the sequence, in the base or in a segment, unless it was erased, dropped or forgotten, or its table was. Documents are passed on as they
 * stand, never decoded. Memory is bounded by the number of indexes, of definitions, and by the largest document.
 * @throws {CorruptionError} for damage of the base or of a record. @throws {IndexDamagedError} when an index must be made again.
 */
export async function writePastState(
  sources: PastStateSources,
  writer: PastStateWriter,
  slice: TimeSlice,
): Promise<void> {
  const state = new PastState(sources, slice);
  await state.begin();
  writer.definitions(await state.definitions());
  await state.writeDocuments(writer);
  if (writer.keyRecord !== null) await state.writeKeys(writer);
}

/** Where in the log a record stands. Before all of it for what is in the base. */
interface LogPlace {
  readonly sequence: number;
  readonly offset: number;
}

class PastState {
  readonly #sources: PastStateSources;
  readonly #base: BaseCursor;
  readonly #entries: AsyncGenerator<MergedEntry>;
  readonly #records: RecordWindow;
  /** Of every table that was dropped in the segments, where that was last. */
  readonly #drops = new Map<string, LogPlace>();
  /** The next that was not dealt with yet. */
  #next: MergedEntry | null = null;

  constructor(sources: PastStateSources, slice: TimeSlice) {
    this.#sources = sources;
    this.#base = new BaseCursor(sources.base, slice);
    this.#entries = mergeEntries(sources.indexes, slice);
    this.#records = new RecordWindow();
  }

  async begin(): Promise<void> {
    await this.#advance();
    await this.#base.advance();
  }

  /** Kind by kind: tables first, since where one was dropped decides on its indexes and documents. */
  async definitions(): Promise<Definitions> {
    const decoder = new PayloadDecoder();
    const tables = await this.#definitionsOf(entryKinds.table, subjects.table, (reader) => decoder.table(reader));
    const indexes = await this.#definitionsOf(entryKinds.index, subjects.index, decodeIndex, (index, place) => {
      const drop = this.#drops.get(index.tableId);
      return drop === undefined || (place !== null && isBehind(place, drop));
    });
    const settings = await this.#definitionsOf(entryKinds.setting, subjects.setting, decodeSetting);
    // One that was removed is written as null (FORMAT.md).
    return { tables, indexes, settings: settings.filter(({ value }) => value !== null) };
  }

  /**
   * The newest of each, sorted by id.
   * @param isKept told where in the log it stands, null for the base.
   */
  async #definitionsOf<T>(
    kind: number,
    subject: number,
    decode: (reader: ByteReader) => T,
    isKept: (definition: T, place: LogPlace | null) => boolean = () => true,
  ): Promise<T[]> {
    const found = new Map<string, T>();
    for (let entry = this.#base.current; entry?.kind === kind; entry = this.#base.current) {
      const definition = decode(entry.recordReader());
      if (isKept(definition, null)) found.set(entry.id, definition);
      await this.#base.advance();
    }
    for (let next = this.#next; next?.entry.subject === subject; next = this.#next) {
      const { id } = next.entry;
      const newest = await this.#newestOf(subject, id);
      if (newest === null) continue;
      found.delete(id);
      if (newest.entry.kind !== kind) continue;
      const definition = decode(await this.#reader(newest));
      if (isKept(definition, newest.entry)) found.set(id, definition);
    }
    return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, definition]) => definition);
  }

  async writeDocuments(writer: PastStateWriter): Promise<void> {
    for (;;) {
      const inBase = this.#baseEntry(entryKinds.document);
      const inSegment = this.#segmentEntry(subjects.document);
      if (inBase !== undefined && (inSegment === undefined || inBase.id < inSegment.id)) {
        this.#writeOfBase(inBase, writer);
        await this.#base.advance();
      } else if (inSegment !== undefined) {
        const before = inBase?.id === inSegment.id ? inBase : undefined;
        const newest = await this.#newestOf(subjects.document, inSegment.id);
        if (newest !== null) await this.#writeOfSegment(newest, writer);
        else if (before !== undefined) this.#writeOfBase(before, writer);
        if (before !== undefined) await this.#base.advance();
      } else {
        return;
      }
      if (writer.due) await writer.pause();
    }
  }

  /** To be called when all documents were written. */
  async writeKeys(writer: PastStateWriter): Promise<void> {
    const forgottenBefore = await this.#forgottenBefore();
    for (;;) {
      const inBase = this.#baseEntry(entryKinds.key);
      const inSegment = this.#segmentEntry(subjects.key);
      if (inBase !== undefined && (inSegment === undefined || inBase.id < inSegment.id)) {
        if (inBase.sequence >= forgottenBefore) writer.entry(inBase);
        await this.#base.advance();
      } else if (inSegment !== undefined) {
        const before = inBase?.id === inSegment.id ? inBase : undefined;
        const newest = await this.#newestOf(subjects.key, inSegment.id);
        if (newest !== null) await this.#writeKey(newest, forgottenBefore, writer);
        else if (before !== undefined && before.sequence >= forgottenBefore) writer.entry(before);
        if (before !== undefined) await this.#base.advance();
      } else {
        return;
      }
      if (writer.due) await writer.pause();
    }
  }

  async #writeKey({ entry, index }: MergedEntry, forgottenBefore: number, writer: PastStateWriter): Promise<void> {
    if (entry.sequence < forgottenBefore) return;
    writer.keyRecord?.(entry.sequence, payloadOf(await this.#records.read(index.segment, entry)));
  }

  /** As the newest key tells, whatever was told before; 0 when there is none in the segments. */
  async #forgottenBefore(): Promise<number> {
    if (this.#segmentEntry(subjects.key) === undefined) return 0;
    for (const index of this.#sources.indexes.toReversed()) {
      let newest: IndexEntry | null = null;
      for await (const entries of index.entries()) {
        for (const entry of entries) {
          if (entry.subject !== subjects.key || entry.sequence > this.#sources.sequence) continue;
          if (newest === null || entry.sequence > newest.sequence) newest = entry;
        }
      }
      if (newest === null) continue;
      return decodeKey(await this.#reader({ entry: newest, index }), newest.sequence).forgottenBefore;
    }
    return 0;
  }

  /** The next of the base, if it is of this kind. */
  #baseEntry(kind: number): SnapshotEntry | undefined {
    const entry = this.#base.current;
    return entry?.kind === kind ? entry : undefined;
  }

  /** The next of the segments, if it is of this subject. */
  #segmentEntry(subject: number): IndexEntry | undefined {
    const entry = this.#next?.entry;
    return entry?.subject === subject ? entry : undefined;
  }

  #writeOfBase(entry: SnapshotEntry, writer: PastStateWriter): void {
    const tableId = readUuid(entry.payload, entry.recordStart + uuidBytes);
    if (!this.#drops.has(tableId)) writer.entry(entry);
  }

  async #writeOfSegment({ entry, index }: MergedEntry, writer: PastStateWriter): Promise<void> {
    if (entry.kind === recordKinds.eraseDocument) return;
    const payload = payloadOf(await this.#records.read(index.segment, entry));
    const drop = this.#drops.get(readUuid(payload, uuidBytes));
    if (drop === undefined || isBehind(entry, drop)) writer.documentRecord(entry.sequence, payload);
  }

  /** Passes over all entries of a subject, and returns the newest that counts. Remembers where tables were dropped. */
  async #newestOf(subject: number, id: string): Promise<MergedEntry | null> {
    let newest: MergedEntry | null = null;
    for (let found = this.#next; found !== null; found = this.#next) {
      const { entry } = found;
      if (entry.subject !== subject || entry.id !== id) break;
      if (entry.sequence <= this.#sources.sequence) {
        newest ??= found;
        if (entry.kind === recordKinds.dropTable && !this.#drops.has(id)) this.#drops.set(id, entry);
      }
      await this.#advance();
    }
    return newest;
  }

  async #reader({ entry, index }: MergedEntry): Promise<ByteReader> {
    const payload = payloadOf(await this.#records.read(index.segment, entry));
    return new ByteReader(payload, 0, payload.length);
  }

  async #advance(): Promise<void> {
    const next = await this.#entries.next();
    this.#next = next.done === true ? null : next.value;
  }
}

/** Goes through the entries of the base one by one. */
class BaseCursor {
  readonly #entries: AsyncGenerator<readonly SnapshotEntry[]> | undefined;
  #block: readonly SnapshotEntry[] = [];
  #at = 0;

  constructor(base: SnapshotReader | null, slice: TimeSlice) {
    this.#entries = base?.entries(slice);
  }

  /** Good until `advance`. Undefined behind the last. */
  get current(): SnapshotEntry | undefined {
    return this.#block[this.#at];
  }

  async advance(): Promise<void> {
    this.#at += 1;
    if (this.#at < this.#block.length || this.#entries === undefined) return;
    const next = await this.#entries.next();
    this.#block = next.done === true ? [] : next.value;
    this.#at = 0;
  }
}

/** The payload of a whole record. */
function payloadOf(record: Buffer): Buffer {
  return record.subarray(4 + recordSaltBytes + 1);
}

function isBehind(a: LogPlace, b: LogPlace): boolean {
  return a.sequence === b.sequence ? a.offset > b.offset : a.sequence > b.sequence;
}
