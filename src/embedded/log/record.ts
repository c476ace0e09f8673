import { Buffer } from 'node:buffer';
import type { IndexKind } from '../../database/table.ts';
import type { Document } from '../../document/document.ts';
import type { JsonObject, JsonValue } from '../../document/json.ts';
import type { Archived } from '../../query/find-query.ts';
import type { Random } from '../ports/random.ts';
import { ByteWriter } from './byte-writer.ts';
import { digestOf } from './link.ts';
import { writeDocument, writeIndex, writeKey, writeSetting, writeTable } from './record-payload.ts';

/** What a commit did, one result at a time: replay applies records, it never decides. */
export type LogRecord =
  | { readonly kind: 'putDocument'; readonly document: Document }
  | { readonly kind: 'eraseDocument'; readonly id: string; readonly previousSequence: number }
  | { readonly kind: 'putTable'; readonly table: TableRecord }
  | { readonly kind: 'dropTable'; readonly id: string }
  | { readonly kind: 'putIndex'; readonly index: IndexRecord }
  | { readonly kind: 'dropIndex'; readonly id: string }
  | { readonly kind: 'putSetting'; readonly setting: SettingRecord }
  | { readonly kind: 'putKey'; readonly key: KeyRecord };

export interface TableRecord {
  /** A UUID, lower case. */
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
  /** Room for what a table can be told: schema, unique paths, read-only. */
  readonly settings: JsonObject;
}

export interface IndexRecord {
  /** A UUID, lower case. */
  readonly id: string;
  readonly tableId: string;
  /** As `formatPath` writes them; most significant first. */
  readonly paths: readonly string[];
  readonly kind: IndexKind;
  readonly unique: boolean;
  /** Which documents are in it. */
  readonly archived: Archived;
  /** False until it was filled: recovery then goes on with filling it. */
  readonly ready: boolean;
  readonly createdAt: number;
}

export interface SettingRecord {
  readonly name: string;
  readonly value: JsonValue;
}

/** What is remembered of a request that had an idempotency key: enough to know it again, and to answer it as it was answered. */
export interface KeyRecord {
  /** Made of the principal and the key, in the form of a UUID. */
  readonly id: string;
  /** The commit that the request has made. */
  readonly sequence: number;
  /** Milliseconds since the Unix epoch. */
  readonly committedAt: number;
  /** Of the request, in hex; it tells nothing to who does not have the key. */
  readonly digest: string;
  /** From the commit on, keys of commits before this sequence are forgotten. */
  readonly forgottenBefore: number;
  /** Whether the commit has erased a document. */
  readonly erases: boolean;
  /** Of the documents that the commit was answered with, in order. */
  readonly documentIds: readonly string[];
}

/** What a database holds besides documents. Each list is sorted: by id, the settings by key (FORMAT.md, "Record"). */
export interface Definitions {
  readonly tables: readonly TableRecord[];
  readonly indexes: readonly IndexRecord[];
  readonly settings: readonly SettingRecord[];
}

export const noDefinitions: Definitions = Object.freeze({ tables: [], indexes: [], settings: [] });

export interface CommitRecord {
  readonly sequence: number;
  /** Milliseconds since the Unix epoch. Decides nothing: order is by sequence. */
  readonly committedAt: number;
  /** At most 255 bytes of UTF-8. */
  readonly principal: string;
  readonly idempotencyKey: string | null;
  /** Of the request that the commit answers, to tell a repetition from another request under the same key. */
  readonly requestDigest: Uint8Array | null;
  readonly records: readonly LogRecord[];
}

/** FORMAT.md, "Record". */
export const recordKinds = {
  putDocument: 1,
  eraseDocument: 2,
  putTable: 3,
  dropTable: 4,
  putIndex: 5,
  dropIndex: 6,
  putSetting: 7,
  request: 8,
  putKey: 9,
  erased: 255,
} as const;

export const documentFlags = { tableNamed: 1, updated: 2, archived: 4, exactParser: 8 } as const;

export const requestFlags = { idempotencyKey: 1, digest: 2 } as const;
export const keyFlags = { erases: 1 } as const;
export const indexKinds = { HASH: 1, ORDERED: 2 } as const;
export const indexFlags = { unique: 1, ready: 2 } as const;
export const indexedDocuments = { EXCLUDE: 0, INCLUDE: 1, ONLY: 2 } as const;

export const recordSaltBytes = 16;
export const digestBytes = 32;
/** Of a request, as an idempotency key keeps it. */
export const keyDigestBytes = 16;
export const principalBytesMax = 255;

/** A commit as the log wants it. */
export interface EncodedCommit {
  readonly sequence: number;
  /** As it stands in a frame. */
  readonly bytes: Buffer;
  /** What the link of its frame covers of it. */
  readonly linkBytes: Buffer;
  /** Records in it, as the seal counts them. */
  readonly recordCount: number;
}

/** Where a commit is written to, and what the link covers of it. */
interface Writers {
  readonly writer: ByteWriter;
  readonly linkWriter: ByteWriter;
}

/** Used again for each commit that is encoded at once. */
const shared: Writers = { writer: new ByteWriter(), linkWriter: new ByteWriter() };

/**
 * Encodes a commit once, when it is staged, digests included, so that nothing but joining is left to do between two frames.
 * @throws {RangeError} when it cannot be written down: a principal that is too long, a time that is no integer.
 */
export function encodeCommit(commit: CommitRecord, random: Random): EncodedCommit {
  shared.writer.reset();
  shared.linkWriter.reset();
  begin(commit, random, shared);
  for (const record of commit.records) writeRecord(record, random, shared);
  const { bytes, linkBytes, ...rest } = end(commit, shared);
  return { ...rest, bytes: Buffer.from(bytes), linkBytes: Buffer.from(linkBytes) };
}

/** The same in steps, one for each record, between which others may be encoded. */
export function* encodeInSteps(commit: CommitRecord, random: Random): Generator<void, EncodedCommit> {
  const writers: Writers = { writer: new ByteWriter(), linkWriter: new ByteWriter() };
  begin(commit, random, writers);
  for (const record of commit.records) {
    writeRecord(record, random, writers);
    yield;
  }
  return end(commit, writers);
}

function hasRequest({ idempotencyKey, requestDigest }: CommitRecord): boolean {
  return idempotencyKey !== null || requestDigest !== null;
}

function recordCountOf(commit: CommitRecord): number {
  return commit.records.length + (hasRequest(commit) ? 1 : 0);
}

function begin(commit: CommitRecord, random: Random, writers: Writers): void {
  const { writer, linkWriter } = writers;
  writer.uint32(0);
  writer.int64(commit.sequence);
  writer.int64(commit.committedAt);
  writePrincipal(commit.principal, writer);
  writer.uint32(recordCountOf(commit));
  linkWriter.bytes(writer.written(4));
  if (hasRequest(commit)) writeRequest(commit, random, writers);
}

/** Its bytes are good until the writers are used again. */
function end(commit: CommitRecord, { writer, linkWriter }: Writers): EncodedCommit {
  writer.patchUint32(0, writer.position - 4);
  return {
    sequence: commit.sequence,
    bytes: writer.written(),
    linkBytes: linkWriter.written(),
    recordCount: recordCountOf(commit),
  };
}

function writePrincipal(principal: string, writer: ByteWriter): void {
  const at = writer.position;
  writer.uint8(0);
  writer.text(principal);
  const length = writer.position - at - 1;
  if (length > principalBytesMax) {
    throw new RangeError(`a principal has at most ${principalBytesMax} bytes, this one has ${length}`);
  }
  writer.patchUint8(at, length);
}

function writeRequest({ idempotencyKey, requestDigest }: CommitRecord, random: Random, writers: Writers): void {
  const { writer } = writers;
  const at = beginRecord(recordKinds.request, random, writer);
  const keyFlag = idempotencyKey === null ? 0 : requestFlags.idempotencyKey;
  const digestFlag = requestDigest === null ? 0 : requestFlags.digest;
  writer.uint8(keyFlag | digestFlag);
  if (idempotencyKey !== null) writer.lengthAndText(idempotencyKey);
  if (requestDigest !== null) writer.bytes(requestDigest);
  endRecord(at, writers);
}

function writeRecord(record: LogRecord, random: Random, writers: Writers): void {
  const { writer } = writers;
  const at = beginRecord(recordKinds[record.kind], random, writer);
  switch (record.kind) {
    case 'putDocument':
      writeDocument(writer, record.document);
      break;
    case 'eraseDocument':
      writer.uuid(record.id);
      writer.int64(record.previousSequence);
      break;
    case 'putTable':
      writeTable(writer, record.table);
      break;
    case 'putIndex':
      writeIndex(writer, record.index);
      break;
    case 'dropTable':
    case 'dropIndex':
      writer.uuid(record.id);
      break;
    case 'putSetting':
      writeSetting(writer, record.setting);
      break;
    case 'putKey':
      writeKey(writer, record.key);
      break;
  }
  endRecord(at, writers);
}

/** @returns where the record begins. */
function beginRecord(kind: number, random: Random, writer: ByteWriter): number {
  const at = writer.position;
  writer.uint32(0);
  writer.bytes(random.bytes(recordSaltBytes));
  writer.uint8(kind);
  return at;
}

/** Fills in the payload's length, and adds the digest, which covers salt, kind and payload as they stand. */
function endRecord(at: number, { writer, linkWriter }: Writers): void {
  writer.patchUint32(at, writer.position - at - (4 + recordSaltBytes + 1));
  linkWriter.binary(digestOf(writer.written(at + 4)));
}
