import type { Buffer } from 'node:buffer';
import type { ByteReader } from './byte-reader.ts';
import { decodeIndex, decodeSetting } from './definition-decoder.ts';
import { decodeKey } from './key-decoder.ts';
import { digestOf, type LinkBuilder } from './link.ts';
import { MalformedError, UnknownKindError } from './log-error.ts';
import { PayloadDecoder } from './payload-decoder.ts';
import {
  type CommitRecord,
  digestBytes,
  type LogRecord,
  recordKinds,
  recordSaltBytes,
  requestFlags,
  type TableRecord,
} from './record.ts';

/**
 * Turns the payloads of frames back into commits. Documents name their table by id, so commits must be decoded in order, from
 * the first on, by one decoder.
 */
export class CommitDecoder {
  readonly #payloads: PayloadDecoder;
  /** Records decoded so far, as the seal of a segment counts them. */
  recordCount = 0;

  /** @param tables those that there are before the first commit that is decoded. */
  constructor(tables: Iterable<TableRecord> = []) {
    this.#payloads = new PayloadDecoder();
    for (const table of tables) this.#payloads.putTable(table);
  }

  /** From here on a document may be of a table that no commit has made (`PayloadDecoder.admitUnknownTables`). */
  admitUnknownTables(): void {
    this.#payloads.admitUnknownTables();
  }

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
        return { kind: 'putDocument', document: this.#payloads.document(reader, sequence) };
      case recordKinds.eraseDocument:
        return { kind: 'eraseDocument', id: reader.uuid(), previousSequence: reader.int64() };
      case recordKinds.putTable:
        return { kind: 'putTable', table: this.#payloads.table(reader) };
      case recordKinds.dropTable:
        return { kind: 'dropTable', id: this.#payloads.dropTable(reader) };
      case recordKinds.putIndex:
        return { kind: 'putIndex', index: decodeIndex(reader) };
      case recordKinds.dropIndex:
        return { kind: 'dropIndex', id: reader.uuid() };
      case recordKinds.putSetting:
        return { kind: 'putSetting', setting: decodeSetting(reader) };
      case recordKinds.putKey:
        return { kind: 'putKey', key: decodeKey(reader, sequence) };
      default:
        throw new UnknownKindError(`a record of kind ${kind}`);
    }
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
