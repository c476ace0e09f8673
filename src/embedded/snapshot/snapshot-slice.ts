import type { Document } from '../../document/document.ts';
import type { JsonObject, JsonValue } from '../../document/json.ts';
import type { ByteReader } from '../log/byte-reader.ts';
import { ByteWriter } from '../log/byte-writer.ts';
import { decodeIndex, decodeSetting } from '../log/definition-decoder.ts';
import { decodeKey } from '../log/key-decoder.ts';
import { MalformedError } from '../log/log-error.ts';
import { PayloadDecoder, parseStoredJson, readStoredObject, storedObject } from '../log/payload-decoder.ts';
import type { Definitions, IndexRecord, KeyRecord, SettingRecord, TableRecord } from '../log/record.ts';
import { entryKinds } from './snapshot-block.ts';
import type { SnapshotEntry } from './snapshot-entry.ts';

/** What a block holds. All definitions come first, kind by kind, then the documents, then the idempotency keys, each sorted by id. */
export interface SnapshotSlice extends Definitions {
  readonly documents: readonly Document[];
  readonly keys: readonly KeyRecord[];
}

const openingBracket = 0x5b;
const closingBracket = 0x5d;
const comma = 0x2c;

/** In the place of a body that is still to be parsed. */
const unparsed: JsonObject = Object.freeze({});

/**
 * Decodes the entries of blocks, which must come in order. The bodies of a block are parsed all at once, as one list, which takes two
 * thirds of the time that they take one by one. Checksums and digest tell that the texts are those that were written; were one written
 * that ends within a value and goes on in the next, only the hash of the body, which `verify` looks at, would tell.
 */
export class SliceDecoder {
  readonly #decoder = new PayloadDecoder();
  /** The list so far, each body behind its bracket or comma. */
  readonly #bodies = new ByteWriter();

  /** @throws {MalformedError} @throws {UnknownKindError} */
  decode(entries: readonly SnapshotEntry[]): SnapshotSlice {
    const tables: TableRecord[] = [];
    const indexes: IndexRecord[] = [];
    const settings: SettingRecord[] = [];
    const documents: Document[] = [];
    const keys: KeyRecord[] = [];
    this.#bodies.reset();
    for (const entry of entries) {
      const reader = entry.recordReader();
      switch (entry.kind) {
        case entryKinds.table:
          tables.push(this.#decoder.table(reader));
          break;
        case entryKinds.index:
          indexes.push(decodeIndex(reader));
          break;
        case entryKinds.setting:
          settings.push(decodeSetting(reader));
          break;
        case entryKinds.key:
          keys.push(decodeKey(reader, entry.sequence));
          break;
        default:
          documents.push(this.#decoder.document(reader, entry.sequence, this.#gatherBody));
      }
    }
    if (this.#bodies.position > 0) putBodies(documents, this.#parseBodies());
    return { tables, indexes, settings, documents, keys };
  }

  readonly #gatherBody = (reader: ByteReader, exactly: boolean): JsonObject => {
    if (exactly) return readStoredObject(reader, exactly);
    const { remaining } = reader;
    const at = reader.skip(remaining);
    this.#bodies.uint8(this.#bodies.position === 0 ? openingBracket : comma);
    this.#bodies.copy(reader.buffer, at, at + remaining);
    return unparsed;
  };

  #parseBodies(): JsonValue {
    this.#bodies.uint8(closingBracket);
    return parseStoredJson(this.#bodies.written().toString(), false);
  }
}

/** Nobody else has the documents yet: from here on they do not change. */
function putBodies(documents: readonly { body: JsonObject }[], values: JsonValue): void {
  const waiting = documents.filter(({ body }) => body === unparsed);
  if (!Array.isArray(values) || values.length !== waiting.length) {
    throw new MalformedError(`bodies that are not those of ${waiting.length} documents`);
  }
  waiting.forEach((document, index) => {
    document.body = storedObject(values[index]);
  });
}
