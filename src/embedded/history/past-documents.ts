import type { Buffer } from 'node:buffer';
import type { Document } from '../../document/document.ts';
import { sortInSlices } from '../index/sliced-sort.ts';
import { ByteReader } from '../log/byte-reader.ts';
import { PayloadDecoder } from '../log/payload-decoder.ts';
import { type Definitions, recordKinds } from '../log/record.ts';
import { readUuid, uuidBytes } from '../log/uuid-bytes.ts';
import type { SnapshotEntry } from '../snapshot/snapshot-entry.ts';
import { decodePut, MissingVersionError } from './document-history.ts';
import type { PastFiles, PastSegment } from './history-reader.ts';
import { type IndexEntry, subjects } from './index-entry.ts';
import { type PastStateWriter, writePastState } from './past-state.ts';
import type { SegmentLookup } from './segment-lookup.ts';
import type { TimeSlice } from './time-slice.ts';

/** What is asked for, and what is known. */
export interface PastRequest {
  /** The state after this commit; at or above the floor. */
  readonly sequence: number;
  /** The newest commit that is looked at. */
  readonly newest: number;
  /** The document as it is now; undefined when there is none, or when the version of then is known already. */
  readonly current: (id: string) => Document | undefined;
  /** Takes note that so many bytes more are held. @throws when they are too many. */
  readonly hold: (bytes: number) => void;
  /** Takes note that a document is held, as `hold` does. */
  readonly found: (document: Document) => void;
  /** Called now and then. @throws when nobody waits any more. */
  readonly check: () => void;
}

/** About what it takes to remember that a document has changed. */
const changeBytes = 250;

/** Of so many documents of one segment, all entries of its index are read in order; fewer are looked up. */
const lookupsMax = 64;

/**
 * The documents as they were after one commit of all that were changed since, or whose table was dropped since. Not of those that were erased
 * since: what was erased has no past, and neither has what had the same id before. The indexes of the segments behind that commit tell what has changed; what each change tells of the
 * version before leads to the version of then.
 * @returns each document once; those whose current version is of then or older are not among them.
 */
export async function readPastDocuments(files: PastFiles, request: PastRequest): Promise<readonly Document[]> {
  const reader = new PastDocumentsReader(files, request);
  return reader.read();
}

/** A document that was changed since, and the oldest of its changes. */
interface Change {
  readonly current: Document;
  /** Null when the current version tells what was before. */
  entry: IndexEntry | null;
}

interface PlacedChange {
  readonly current: Document;
  readonly entry: IndexEntry;
}

/** A document, and the commit that wrote its version of then. */
interface Wanted {
  readonly current: Document;
  readonly sequence: number;
}

class PastDocumentsReader {
  readonly #files: PastFiles;
  readonly #request: PastRequest;
  readonly #found: Document[] = [];
  /** By id. */
  readonly #changes = new Map<string, Change>();
  /** The ids of the tables that were dropped since. */
  readonly #dropped = new Set<string>();

  constructor(files: PastFiles, request: PastRequest) {
    this.#files = files;
    this.#request = request;
  }

  async read(): Promise<readonly Document[]> {
    for (const segment of this.#segmentsSince) await this.#gatherChanges(segment);
    const wanted = await this.#findSequences();
    for (const [firstSequence, inSegment] of wanted) {
      if (firstSequence === null) await this.#readBase(inSegment);
      else await this.#readSegment(this.#files.segmentOf(firstSequence), inSegment);
    }
    if (this.#dropped.size > 0) await this.#readDropped();
    return this.#found;
  }

  /** Those that hold a commit behind the one asked for. */
  get #segmentsSince(): readonly PastSegment[] {
    const { sequence, newest } = this.#request;
    return this.#files.segments.filter(
      ({ firstSequence, lastSequence }) => lastSequence > sequence && firstSequence <= newest,
    );
  }

  async #gatherChanges(segment: PastSegment): Promise<void> {
    const lookup = await this.#files.open(segment);
    const { sequence, newest } = this.#request;
    for await (const entries of lookup.unsorted()) {
      for (const entry of entries) {
        if (entry.sequence <= sequence || entry.sequence > newest) continue;
        if (entry.kind === recordKinds.putDocument) this.#gather(entry);
        else if (entry.kind === recordKinds.dropTable) this.#dropped.add(entry.id);
      }
      await this.#pause();
    }
    await this.#files.release(segment);
  }

  #gather(entry: IndexEntry): void {
    const { sequence, current: currentOf, hold } = this.#request;
    const change = this.#changes.get(entry.id);
    if (change === undefined) {
      const current = currentOf(entry.id);
      // Made since: what had the id then, if anything, was erased, or its table dropped.
      if (current === undefined || current.createdSequence > sequence) return;
      hold(changeBytes);
      this.#changes.set(entry.id, { current, entry: current.previousSequence <= sequence ? null : entry });
    } else if (change.entry !== null && isBefore(entry, change.entry)) {
      change.entry = entry;
    }
  }

  /** The commits that wrote the versions of then, by the first sequence of their segment; null for the base. */
  async #findSequences(): Promise<Map<number | null, Wanted[]>> {
    const wanted = new Map<number | null, Wanted[]>();
    const add = (current: Document, sequence: number) => {
      const segment = sequence <= this.#files.floor ? null : this.#files.segmentOf(sequence).firstSequence;
      const inSegment = wanted.get(segment);
      if (inSegment === undefined) wanted.set(segment, [{ current, sequence }]);
      else inSegment.push({ current, sequence });
    };
    const bySegment = new Map<PastSegment, PlacedChange[]>();
    for (const { current, entry } of this.#changes.values()) {
      await this.#pause();
      if (entry === null) {
        add(current, current.previousSequence);
        continue;
      }
      const segment = this.#files.segmentOf(entry.sequence);
      const inSegment = bySegment.get(segment);
      if (inSegment === undefined) bySegment.set(segment, [{ current, entry }]);
      else inSegment.push({ current, entry });
    }
    for (const [segment, changes] of bySegment) {
      const lookup = await this.#files.open(segment);
      for (const { current, entry } of await this.#inOrder(changes)) {
        const record = await lookup.nextRecord(entry);
        add(current, decodePut(lookup, entry, current.table, record).previousSequence);
        await this.#pause();
      }
      await this.#files.release(segment);
    }
    return wanted;
  }

  async #readBase(wanted: readonly Wanted[]): Promise<void> {
    const base = await this.#files.base();
    if (base === null) throw new Error('what is below the floor is in the base');
    if (wanted.length <= lookupsMax) {
      for (const { current } of wanted) this.#take(await base.document(current.id), current, base.path);
      return;
    }
    const byId = await this.#byId(wanted);
    for await (const { documents } of base.contents(this.#files.slice)) {
      for (const document of documents) {
        const want = byId.get(document.id);
        if (want === undefined) continue;
        this.#take(document, want.current, base.path);
        byId.delete(document.id);
      }
      this.#request.check();
    }
    for (const { current } of byId.values()) this.#take(null, current, base.path);
  }

  async #readSegment(segment: PastSegment, wanted: readonly Wanted[]): Promise<void> {
    const lookup = await this.#files.open(segment);
    const entries =
      wanted.length <= lookupsMax ? await this.#lookUp(lookup, wanted) : await this.#pickOut(lookup, wanted);
    const places: PlacedChange[] = [];
    for (const { current } of wanted) {
      const entry = entries.get(current.id);
      if (entry === undefined) this.#take(null, current, lookup.segment.path);
      else places.push({ current, entry });
      await this.#pause();
    }
    for (const { current, entry } of await this.#inOrder(places)) {
      const record = await lookup.nextRecord(entry);
      this.#take(decodePut(lookup, entry, current.table, record), current, lookup.segment.path);
      await this.#pause();
    }
    await this.#files.release(segment);
  }

  /** In the order in which the records stand, so that they are read in one go. */
  async #inOrder(places: readonly PlacedChange[]): Promise<Iterable<PlacedChange>> {
    const offsetOf = (number: number) => places[number]?.entry.offset ?? 0;
    const numbers = await sortInSlices(
      places.length,
      (a, b) => offsetOf(a) - offsetOf(b),
      () => this.#pause(),
    );
    return pick(places, numbers);
  }

  async #lookUp(lookup: SegmentLookup, wanted: readonly Wanted[]): Promise<Map<string, IndexEntry>> {
    const found = new Map<string, IndexEntry>();
    for (const { current, sequence } of wanted) {
      const versions = await lookup.versions(subjects.document, current.id);
      const entry = versions.find((version) => version.sequence === sequence);
      if (entry !== undefined) found.set(current.id, entry);
      await this.#pause();
    }
    return found;
  }

  async #pickOut(lookup: SegmentLookup, wanted: readonly Wanted[]): Promise<Map<string, IndexEntry>> {
    const found = new Map<string, IndexEntry>();
    const byId = await this.#byId(wanted);
    for await (const entries of lookup.unsorted()) {
      for (const entry of entries) {
        // The last version that the commit wrote.
        if (entry.subject === subjects.document && byId.get(entry.id)?.sequence === entry.sequence) {
          const other = found.get(entry.id);
          if (other === undefined || isBefore(other, entry)) found.set(entry.id, entry);
        }
      }
      await this.#pause();
    }
    return found;
  }

  async #byId(wanted: readonly Wanted[]): Promise<Map<string, Wanted>> {
    const byId = new Map<string, Wanted>();
    for (const want of wanted) {
      byId.set(want.current.id, want);
      await this.#pause();
    }
    return byId;
  }

  #take(document: Document | null, current: Document, path: string): void {
    const { sequence, current: currentOf, found } = this.#request;
    if (document?.createdSequence === current.createdSequence && document.sequence <= sequence) {
      found(document);
      this.#found.push(document);
      return;
    }
    // It was erased meanwhile, on disk too.
    if (currentOf(current.id)?.createdSequence !== current.createdSequence) return;
    throw new MissingVersionError(path, current.id, sequence);
  }

  /** What the tables that were dropped since held: there is no index of the documents of a table, so the whole state of then is gone through. */
  async #readDropped(): Promise<void> {
    const { sequence } = this.#request;
    const files = this.#files;
    const segments = files.segments.filter(({ firstSequence }) => firstSequence <= sequence);
    const indexes: SegmentLookup[] = [];
    for (const segment of segments) indexes.push(await files.open(segment));
    const writer = new DroppedDocuments(this.#dropped, this.#request, files.slice);
    await writePastState({ base: await files.base(), indexes, sequence }, writer, files.slice);
    for (const segment of segments) await files.release(segment);
    const { documents } = writer;
    for (const segment of this.#segmentsSince) await this.#leaveOutErased(segment, documents);
    for (const document of documents.values()) {
      this.#found.push(document);
      await this.#pause();
    }
  }

  /** Who erases a document erases all that ever had its id. */
  async #leaveOutErased(segment: PastSegment, documents: Map<string, Document>): Promise<void> {
    const lookup = await this.#files.open(segment);
    for await (const entries of lookup.unsorted()) {
      for (const entry of entries) {
        const isErasure = entry.kind === recordKinds.eraseDocument && entry.sequence > this.#request.sequence;
        if (isErasure) documents.delete(entry.id);
      }
      await this.#pause();
    }
    await this.#files.release(segment);
  }

  /** Undefined when work may go on at once. */
  #pause(): Promise<void> | undefined {
    return this.#files.slice.due ? this.#letOthersRun() : undefined;
  }

  async #letOthersRun(): Promise<void> {
    await this.#files.slice.pause();
    this.#request.check();
  }
}

/** Takes the documents of some tables out of a state. */
class DroppedDocuments implements PastStateWriter {
  /** By id. */
  readonly documents = new Map<string, Document>();
  readonly keyRecord = null;
  readonly #tables: ReadonlySet<string>;
  readonly #request: PastRequest;
  readonly #slice: TimeSlice;
  readonly #decoder = new PayloadDecoder();

  constructor(tables: ReadonlySet<string>, request: PastRequest, slice: TimeSlice) {
    this.#tables = tables;
    this.#request = request;
    this.#slice = slice;
  }

  definitions({ tables }: Definitions): void {
    for (const table of tables) this.#decoder.putTable(table);
  }

  entry(entry: SnapshotEntry): void {
    if (!entry.isDocument) return;
    if (this.#tables.has(readUuid(entry.payload, entry.recordStart + uuidBytes))) {
      this.#add(this.#decoder.document(entry.recordReader(), entry.sequence));
    }
  }

  documentRecord(sequence: number, payload: Buffer): void {
    if (!this.#tables.has(readUuid(payload, uuidBytes))) return;
    this.#add(this.#decoder.document(new ByteReader(payload, 0, payload.length), sequence));
  }

  get due(): boolean {
    return this.#slice.due;
  }

  async pause(): Promise<void> {
    await this.#slice.pause();
    this.#request.check();
  }

  #add(document: Document): void {
    this.#request.found(document);
    this.documents.set(document.id, document);
  }
}

/** Offsets tell within one commit, which is in one segment. */
function isBefore(a: IndexEntry, b: IndexEntry): boolean {
  return a.sequence === b.sequence ? a.offset < b.offset : a.sequence < b.sequence;
}

function* pick<T>(items: readonly T[], numbers: Int32Array): Generator<T> {
  for (const number of numbers) {
    const item = items[number];
    if (item !== undefined) yield item;
  }
}
