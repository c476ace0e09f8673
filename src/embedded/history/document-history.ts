import type { Buffer } from 'node:buffer';
import type { Document, TableReference } from '../../document/document.ts';
import { HistoryGoneError } from '../../errors.ts';
import { ByteReader } from '../log/byte-reader.ts';
import { CorruptionError, refusalOf } from '../log/log-error.ts';
import { PayloadDecoder } from '../log/payload-decoder.ts';
import { recordKinds, recordSaltBytes } from '../log/record.ts';
import type { PastFiles } from './history-reader.ts';
import { type IndexEntry, subjects } from './index-entry.ts';
import type { SegmentLookup } from './segment-lookup.ts';

/**
 * The version of a document that has this number, which is not above that of `document`.
 * @throws {HistoryGoneError} when it is older than the floor. @throws {CorruptionError}
 */
export async function readVersion(files: PastFiles, document: Document, version: number): Promise<Document> {
  if (version === document.version) return document;
  for await (const run of runsBefore(files, document)) {
    const found = await run.read(version);
    if (found !== null) return found;
  }
  throw new HistoryGoneError(`Version ${version} of document ${document.id} is not kept any more`, files.floor);
}

/** The kept versions from `newest`, which is not above that of `document`, downwards: at most `limit`, newest first. @throws {CorruptionError} */
export async function readVersions(
  files: PastFiles,
  document: Document,
  newest: number,
  limit: number,
): Promise<readonly Document[]> {
  const found: Document[] = [];
  const wanted = () => newest - found.length;
  if (limit > 0 && newest === document.version) found.push(document);
  if (found.length === limit || wanted() < 1) return found;
  for await (const run of runsBefore(files, document)) {
    while (found.length < limit) {
      const next = await run.read(wanted());
      if (next === null) break;
      found.push(next);
    }
    if (found.length === limit || wanted() < 1) break;
  }
  return found;
}

/** The version of a document as of a commit, at or after that which created it and at or above the floor. @throws {CorruptionError} */
export async function readVersionAt(files: PastFiles, document: Document, sequence: number): Promise<Document> {
  for await (const run of runsBefore(files, document)) {
    const found = await run.readAt(sequence);
    if (found !== null) return found;
  }
  throw new Error(`document ${document.id} was created behind commit ${sequence}`);
}

/** The number of the oldest version that is kept of a document. @throws {CorruptionError} */
export async function oldestVersion(files: PastFiles, document: Document): Promise<number> {
  if (document.createdSequence > files.floor) return 1;
  // The floor may have been raised above a view of the past.
  return Math.min(document.version, (await documentOfBase(files, document)).version);
}

/** The versions of one document that stand in one place, without gaps. */
interface VersionRun {
  /** Null when the version is below them. */
  read(version: number): Promise<Document | null>;
  /** The newest that is not newer than this commit; null when that is below them. */
  readAt(sequence: number): Promise<Document | null>;
}

/**
 * The versions before `document`, newest first. From one segment to the next that holds any leads what every version tells of the one before: no
 * segment in between is looked at.
 */
async function* runsBefore(files: PastFiles, document: Document): AsyncGenerator<VersionRun> {
  let oldest = document;
  while (oldest.version > 1) {
    if (oldest.previousSequence <= files.floor) {
      const inBase = await documentOfBase(files, oldest);
      yield {
        read: async (version) => (version === inBase.version ? inBase : null),
        readAt: async (sequence) => (inBase.sequence <= sequence ? inBase : null),
      };
      return;
    }
    const lookup = await files.open(files.segmentOf(oldest.previousSequence));
    const run = await SegmentRun.before(lookup, oldest);
    yield run;
    oldest = await run.oldest();
  }
}

/** Versions of one document in one segment. */
class SegmentRun implements VersionRun {
  readonly #lookup: SegmentLookup;
  readonly #table: TableReference;
  /** Newest first: each is one version below the one before. */
  readonly #entries: readonly IndexEntry[];
  readonly #newest: Document;

  /** Those of the segment in which the version before `document` is. */
  static async before(lookup: SegmentLookup, document: Document): Promise<SegmentRun> {
    const { id, table, version, previousSequence } = document;
    const entries = await lookup.versions(subjects.document, id);
    const first = entries.findIndex(({ sequence }) => sequence <= previousSequence);
    for (const [at, entry] of entries.entries()) {
      if (at < first) continue;
      if (entry.sequence !== previousSequence || entry.kind !== recordKinds.putDocument) break;
      // One commit may have written several versions.
      const newest = await putDocumentOf(lookup, entry, table);
      // No more than there are versions: behind the first comes what had the id before.
      if (newest.version === version - 1) {
        return new SegmentRun(lookup, table, entries.slice(at, at + version - 1), newest);
      }
    }
    throw new MissingVersionError(lookup.segment.path, id, previousSequence, version - 1);
  }

  private constructor(lookup: SegmentLookup, table: TableReference, entries: readonly IndexEntry[], newest: Document) {
    this.#lookup = lookup;
    this.#table = table;
    this.#entries = entries;
    this.#newest = newest;
  }

  async read(version: number): Promise<Document | null> {
    if (version === this.#newest.version) return this.#newest;
    const entry = this.#entries[this.#newest.version - version];
    if (entry === undefined) return null;
    const document = await putDocumentOf(this.#lookup, entry, this.#table);
    if (document.version === version && document.id === this.#newest.id) return document;
    throw new MissingVersionError(this.#lookup.segment.path, this.#newest.id, entry.sequence, version);
  }

  async readAt(sequence: number): Promise<Document | null> {
    const index = this.#entries.findIndex((entry) => entry.sequence <= sequence);
    return index === -1 ? null : this.read(this.#newest.version - index);
  }

  async oldest(): Promise<Document> {
    const version = this.#newest.version - this.#entries.length + 1;
    return (await this.read(version)) ?? this.#newest;
  }
}

/** The document of a `putDocument` record. @param table the one that it is of. */
export async function putDocumentOf(
  lookup: SegmentLookup,
  entry: IndexEntry,
  table: TableReference,
): Promise<Document> {
  return decodePut(lookup, entry, table, await lookup.record(entry));
}

/** The same of a record that was read. */
export function decodePut(lookup: SegmentLookup, entry: IndexEntry, table: TableReference, record: Buffer): Document {
  const decoder = new PayloadDecoder();
  decoder.putTable(table);
  try {
    return decoder.document(new ByteReader(record, 4 + recordSaltBytes + 1, record.length), entry.sequence);
  } catch (error) {
    throw refusalOf(error, { file: lookup.segment.path, offset: entry.offset, sequence: entry.sequence });
  }
}

async function documentOfBase(files: PastFiles, { id, createdSequence }: Document): Promise<Document> {
  const base = await files.base();
  const document = await base?.document(id);
  if (document?.createdSequence === createdSequence) return document;
  throw new MissingVersionError(base?.path ?? '', id, files.floor);
}

/** A version is not where it must be: it was erased on disk, or the file is damaged. */
export class MissingVersionError extends CorruptionError {
  constructor(file: string, id: string, sequence: number, version?: number) {
    super(
      { file, offset: 0, sequence },
      `document ${id} is not there${version === undefined ? '' : ` in version ${version}`}`,
    );
  }
}
