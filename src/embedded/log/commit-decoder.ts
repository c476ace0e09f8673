import { Buffer } from 'node:buffer';
import { type Document, defaultTable, type TableReference } from '../../document/document.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../document/json.ts';
import { parseJson } from '../../document/json-parser.ts';
import type { ByteReader } from './byte-reader.ts';
import { digestOf, type LinkBuilder } from './link.ts';
import { MalformedError, UnknownKindError } from './log-error.ts';
import {
  type CommitRecord,
  digestBytes,
  documentFlags,
  indexOrders,
  type LogRecord,
  recordKinds,
  recordSaltBytes,
  requestFlags,
} from './record.ts';
import { readUuid, uuidBytes } from './uuid-bytes.ts';

/**
 * Turns the payloads of frames back into commits. Documents name their table by id, so commits must be decoded in order, from
 * the first on, by one decoder.
 */
export class CommitDecoder {
  readonly #tables = new Map<string, TableReference>([[defaultTable.id, defaultTable]]);
  readonly #lastTableId = Buffer.alloc(uuidBytes);
  #lastTable: TableReference = defaultTable;
  /** Records decoded so far, as the seal of a segment counts them. */
  recordCount = 0;

  /**
   * Decodes the commit at the reader's position, and adds to `link` what the link of its frame covers of it.
   * @throws {MalformedError} @throws {UnknownKindError}
   */
  decode(reader: ByteReader, link: LinkBuilder): CommitRecord {
    const end = reader.limit(reader.uint32());
    const start = reader.position;
    const sequence = reader.int64();
    const committedAt = reader.int64();
    const principal = reader.text(reader.uint8());
    const count = reader.uint32();
    link.add(reader.buffer, start, reader.position);
    let request: Request = noRequest;
    const records: LogRecord[] = [];
    for (let index = 0; index < count; index += 1) {
      const payloadLength = reader.uint32();
      const saltAt = reader.skip(recordSaltBytes);
      const kind = reader.uint8();
      const commitEnd = reader.limit(payloadLength);
      link.addDigest(digestOfRecord(reader.buffer, kind, saltAt, reader.position, payloadLength));
      if (kind === recordKinds.request && index === 0) {
        request = decodeRequest(reader);
      } else if (kind === recordKinds.erased) {
        reader.skip(payloadLength);
      } else {
        records.push(this.#decodeRecord(kind, reader, sequence));
      }
      reader.restore(commitEnd);
    }
    reader.restore(end);
    this.recordCount += count;
    const { idempotencyKey, requestDigest } = request;
    return { sequence, committedAt, principal, idempotencyKey, requestDigest, records };
  }

  #decodeRecord(kind: number, reader: ByteReader, sequence: number): LogRecord {
    switch (kind) {
      case recordKinds.putDocument:
        return { kind: 'putDocument', document: this.#decodeDocument(reader, sequence) };
      case recordKinds.eraseDocument:
        return { kind: 'eraseDocument', id: reader.uuid(), previousSequence: reader.int64() };
      case recordKinds.putTable:
        return this.#decodeTable(reader);
      case recordKinds.dropTable: {
        const id = reader.uuid();
        if (id !== defaultTable.id) this.#tables.delete(id);
        this.#forgetLastTable();
        return { kind: 'dropTable', id };
      }
      case recordKinds.putIndex:
        return decodeIndex(reader);
      case recordKinds.dropIndex:
        return { kind: 'dropIndex', id: reader.uuid() };
      case recordKinds.putSetting:
        return {
          kind: 'putSetting',
          name: reader.lengthAndText(),
          value: parseStoredJson(reader.text(reader.remaining)),
        };
      default:
        throw new UnknownKindError(`a record of kind ${kind}`);
    }
  }

  #decodeTable(reader: ByteReader): LogRecord {
    const id = reader.uuid();
    const createdAt = reader.int64();
    const name = reader.lengthAndText();
    const settings = parseStoredObject(reader.text(reader.remaining));
    if (id !== defaultTable.id && this.#tables.get(id)?.name !== name)
      this.#tables.set(id, Object.freeze({ id, name }));
    this.#forgetLastTable();
    return { kind: 'putTable', table: { id, name, createdAt, settings } };
  }

  #decodeDocument(reader: ByteReader, sequence: number): Document {
    const id = reader.uuid();
    const table = this.#decodeTableReference(reader);
    const flags = reader.uint8();
    if (flags > (documentFlags.tableNamed | documentFlags.updated | documentFlags.archived)) {
      throw new UnknownKindError(`a document with flags ${flags}`);
    }
    const version = reader.uint32();
    const createdAt = reader.int64();
    const updatedAt = reader.int64();
    const archivedAt = reader.int64();
    const previousSequence = reader.int64();
    const createdSequence = reader.int64();
    const bodyHash = reader.hex(digestBytes);
    const name = reader.lengthAndText();
    const body = parseStoredObject(reader.text(reader.remaining));
    return {
      id,
      table,
      tableNamed: (flags & documentFlags.tableNamed) !== 0,
      // Most documents are named like their table: one string then serves all of them.
      name: name === table.name ? table.name : name,
      body,
      bodyHash,
      version,
      createdAt,
      updatedAt: (flags & documentFlags.updated) === 0 ? null : updatedAt,
      archivedAt: (flags & documentFlags.archived) === 0 ? null : archivedAt,
      sequence,
      createdSequence,
      previousSequence,
    };
  }

  /** Documents of one table come in rows, so the id is compared as bytes before it is made a string. */
  #decodeTableReference(reader: ByteReader): TableReference {
    const at = reader.skip(uuidBytes);
    if (this.#lastTableId.compare(reader.buffer, at, at + uuidBytes) === 0) return this.#lastTable;
    const id = readUuid(reader.buffer, at);
    const table = this.#tables.get(id);
    if (table === undefined) throw new MalformedError(`a document of table ${id}, which there is not`);
    reader.buffer.copy(this.#lastTableId, 0, at, at + uuidBytes);
    this.#lastTable = table;
    return table;
  }

  /** After a table was put or dropped its id must be looked up again. */
  #forgetLastTable(): void {
    this.#lastTableId.fill(0);
    this.#lastTable = defaultTable;
  }
}

type Request = Pick<CommitRecord, 'idempotencyKey' | 'requestDigest'>;
const noRequest: Request = { idempotencyKey: null, requestDigest: null };

function decodeRequest(reader: ByteReader): Request {
  const flags = reader.uint8();
  if (flags > (requestFlags.idempotencyKey | requestFlags.digest)) {
    throw new UnknownKindError(`a request with flags ${flags}`);
  }
  const idempotencyKey = (flags & requestFlags.idempotencyKey) === 0 ? null : reader.lengthAndText();
  const requestDigest = (flags & requestFlags.digest) === 0 ? null : reader.copy(reader.remaining);
  return { idempotencyKey, requestDigest };
}

function decodeIndex(reader: ByteReader): LogRecord {
  const id = reader.uuid();
  const tableId = reader.uuid();
  const createdAt = reader.int64();
  const orderCode = reader.uint8();
  const unique = reader.uint8();
  const path = reader.text(reader.remaining);
  if (unique > 1) throw new UnknownKindError(`an index with uniqueness ${unique}`);
  const order = orderCode === indexOrders.hash ? 'hash' : orderCode === indexOrders.ordered ? 'ordered' : null;
  if (order === null) throw new UnknownKindError(`an index of order ${orderCode}`);
  return { kind: 'putIndex', index: { id, tableId, path, order, unique: unique === 1, createdAt } };
}

/** Of an erased record it is what the record holds: the digest of the one that it replaces. */
function digestOfRecord(
  buffer: Buffer,
  kind: number,
  saltAt: number,
  payloadAt: number,
  payloadLength: number,
): string {
  if (kind !== recordKinds.erased) return digestOf(buffer.subarray(saltAt, payloadAt + payloadLength));
  if (payloadLength !== digestBytes) throw new MalformedError(`an erased record of ${payloadLength} bytes`);
  return buffer.toString('latin1', payloadAt, payloadAt + payloadLength);
}

const noLimits = { nestingMax: Number.POSITIVE_INFINITY, integerDigitsMax: Number.POSITIVE_INFINITY };
/** An integer that no double holds has at least as many digits. */
const longNumber = /\d{16}/;

/**
 * The value of JSON text that `stringifyJson` wrote. That has no duplicate keys, no lone surrogates and no -0, so `JSON.parse`
 * is exact but for integers that no double holds.
 */
function parseStoredJson(text: string): JsonValue {
  try {
    return longNumber.test(text) ? parseJson(text, noLimits) : JSON.parse(text);
  } catch (error) {
    throw new MalformedError('a text that is not JSON', { cause: error });
  }
}

function parseStoredObject(text: string): JsonObject {
  const value = parseStoredJson(text);
  if (!isJsonObject(value)) throw new MalformedError('a JSON text that is no object');
  return value;
}
