import type { Document, TableReference } from '../../document/document.ts';
import type { ScannedFrame } from '../history/frame-scan.ts';
import { ByteReader } from '../log/byte-reader.ts';
import { frameHeaderBytes } from '../log/frame.ts';
import { PayloadDecoder } from '../log/payload-decoder.ts';
import { recordKinds, recordSaltBytes } from '../log/record.ts';

/** What a commit in the log did to documents. */
export interface LoggedCommit {
  readonly sequence: number;
  readonly committedAt: number;
  readonly records: readonly LoggedRecord[];
  /** Of the commit, in the log. */
  readonly bytes: number;
}

export type LoggedRecord =
  | { readonly kind: 'put'; readonly document: Document }
  | { readonly kind: 'erase'; readonly id: string; readonly previousSequence: number }
  | { readonly kind: 'drop'; readonly tableId: string };

/**
 * Decodes commits of the log for whoever wants to know what became of documents, beginning anywhere.
 * A document of a table that is not there any more is of one without a name: nobody is told of it.
 */
export class FrameCommitDecoder {
  readonly #payloads = new PayloadDecoder();

  /** @param tables those that there are now. */
  constructor(tables: Iterable<TableReference>) {
    this.#payloads.admitUnknownTables();
    for (const table of tables) this.#payloads.putTable(table);
  }

  /** The commits of a frame from one on, one at a time. Good until the next frame is asked for. @throws {MalformedError} @throws {UnknownKindError} */
  *commits({ bytes, commitCount }: ScannedFrame, from: number): Generator<LoggedCommit> {
    const reader = new ByteReader(bytes, frameHeaderBytes, bytes.length);
    for (let index = 0; index < commitCount; index += 1) {
      const start = reader.position;
      const end = reader.limit(reader.uint32());
      const sequence = reader.int64();
      if (sequence >= from) {
        const committedAt = reader.int64();
        reader.skip(reader.uint8());
        const records = this.#records(reader, sequence);
        yield { sequence, committedAt, records, bytes: reader.position - start };
      } else {
        reader.skip(reader.remaining);
      }
      reader.restore(end);
    }
  }

  #records(reader: ByteReader, sequence: number): readonly LoggedRecord[] {
    const records: LoggedRecord[] = [];
    for (let count = reader.uint32(); count > 0; count -= 1) {
      const payloadLength = reader.uint32();
      reader.skip(recordSaltBytes);
      const kind = reader.uint8();
      const recordEnd = reader.limit(payloadLength);
      const record = this.#record(kind, reader, sequence);
      if (record !== null) records.push(record);
      reader.skip(reader.remaining);
      reader.restore(recordEnd);
    }
    return records;
  }

  /** Null for what is about no document. */
  #record(kind: number, reader: ByteReader, sequence: number): LoggedRecord | null {
    switch (kind) {
      case recordKinds.putDocument:
        return { kind: 'put', document: this.#payloads.document(reader, sequence) };
      case recordKinds.eraseDocument:
        return { kind: 'erase', id: reader.uuid(), previousSequence: reader.int64() };
      case recordKinds.dropTable:
        return { kind: 'drop', tableId: reader.uuid() };
      default:
        return null;
    }
  }
}
