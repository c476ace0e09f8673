import { Buffer } from 'node:buffer';
import { type Document, defaultTable, type TableReference } from '../../document/document.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../document/json.ts';
import { parseJson } from '../../document/json-parser.ts';
import type { ByteReader } from './byte-reader.ts';
import { needsExactParser } from './exact-parser.ts';
import { MalformedError, UnknownKindError } from './log-error.ts';
import { digestBytes, documentFlags, type TableRecord } from './record.ts';
import { compareUuids, copyUuid, readUuid, uuidBytes } from './uuid-bytes.ts';

/**
 * Decodes the payloads of documents and tables, as records of the log and entries of a snapshot have them. Documents name their table
 * by id, so it must be told of every table before the first document of it: `table` does, `putTable` is for tables known otherwise.
 */
export class PayloadDecoder {
  readonly #tables = new Map<string, TableReference>([[defaultTable.id, defaultTable]]);
  readonly #lastTableId = Buffer.alloc(uuidBytes);
  #lastTable: TableReference = defaultTable;
  #lastName: string = defaultTable.name;
  #admitsUnknownTables = false;

  /**
   * From here on a document may be of a table that it was not told of, which is then named by its id: what is read behind a damaged
   * place may be.
   */
  admitUnknownTables(): void {
    this.#admitsUnknownTables = true;
  }

  /** @throws {MalformedError} */
  table(reader: ByteReader): TableRecord {
    const id = reader.uuid();
    const createdAt = reader.int64();
    const name = reader.lengthAndText();
    const settings = storedObject(parseStoredJson(reader.text(reader.remaining)));
    if (id === defaultTable.id && name !== defaultTable.name)
      throw new MalformedError(`the default table as '${name}'`);
    const table = { id, name, createdAt, settings };
    this.putTable(table);
    return table;
  }

  putTable({ id, name }: TableReference): void {
    if (this.#tables.get(id)?.name !== name) this.#tables.set(id, Object.freeze({ id, name }));
    this.#forgetLastTable();
  }

  /** The id of a `dropTable` payload. The default table is there still. @throws {MalformedError} */
  dropTable(reader: ByteReader): string {
    const id = reader.uuid();
    if (id !== defaultTable.id) this.#tables.delete(id);
    this.#forgetLastTable();
    return id;
  }

  /**
   * The document of a `putDocument` payload that commit `sequence` wrote; reads to the reader's limit.
   * @param readBody reads the body, which is all that is left; `exactly` says that `JSON.parse` alone would not do.
   * @throws {MalformedError} @throws {UnknownKindError}
   */
  document(reader: ByteReader, sequence: number, readBody: BodyReader = readStoredObject): Document {
    const id = reader.uuid();
    const table = this.#tableReference(reader);
    const flags = reader.uint8();
    if (flags > allDocumentFlags) throw new UnknownKindError(`a document with flags ${flags}`);
    const version = reader.uint32();
    const createdAt = reader.int64();
    const updatedAt = reader.int64();
    const archivedAt = reader.int64();
    const previousSequence = reader.int64();
    const createdSequence = reader.int64();
    const bodyHash = reader.hex(digestBytes);
    const name = this.#sharedName(reader.lengthAndText());
    const body = readBody(reader, (flags & documentFlags.exactParser) !== 0);
    return {
      id,
      table,
      tableNamed: (flags & documentFlags.tableNamed) !== 0,
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

  /** Most documents are named like the one before, or like their table: one string then serves all of them. */
  #sharedName(name: string): string {
    if (name !== this.#lastName) this.#lastName = name;
    return this.#lastName;
  }

  /** Documents of one table come in rows, so the id is compared as bytes before it is made a string. */
  #tableReference(reader: ByteReader): TableReference {
    const at = reader.skip(uuidBytes);
    if (compareUuids(this.#lastTableId, 0, reader.buffer, at) === 0) return this.#lastTable;
    const id = readUuid(reader.buffer, at);
    const table = this.#tables.get(id) ?? (this.#admitsUnknownTables ? Object.freeze({ id, name: id }) : undefined);
    if (table === undefined) throw new MalformedError(`a document of table ${id}, which there is not`);
    copyUuid(reader.buffer, at, this.#lastTableId);
    this.#lastTable = table;
    return table;
  }

  /** After a table was put or dropped its id must be looked up again. */
  #forgetLastTable(): void {
    this.#lastTableId.fill(0);
    this.#lastTable = defaultTable;
  }
}

/** Reads a JSON object to the reader's limit. @throws {MalformedError} */
export type BodyReader = (reader: ByteReader, exactly: boolean) => JsonObject;

export const readStoredObject: BodyReader = (reader, exactly) =>
  storedObject(parseStoredJson(reader.text(reader.remaining), exactly));

const allDocumentFlags = Object.values(documentFlags).reduce((all, flag) => all | flag, 0);
const noLimits = { nestingMax: Number.POSITIVE_INFINITY, integerDigitsMax: Number.POSITIVE_INFINITY };
/** The value of JSON text that `stringifyJson` wrote: without duplicate keys, lone surrogates and -0. */
export function parseStoredJson(text: string, exactly = needsExactParser(text)): JsonValue {
  try {
    return exactly ? parseJson(text, noLimits) : JSON.parse(text);
  } catch (error) {
    throw new MalformedError('a text that is not JSON', { cause: error });
  }
}

/** @throws {MalformedError} for any other value. */
export function storedObject(value: JsonValue | undefined): JsonObject {
  if (!isJsonObject(value)) throw new MalformedError('a JSON text that is no object');
  return value;
}
