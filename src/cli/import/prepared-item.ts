import { Buffer } from 'node:buffer';
import { parseDocumentId } from '../../document/document-id.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../document/json.ts';
import { parseJson } from '../../document/json-parser.ts';
import { stringifyJson } from '../../document/json-serializer.ts';
import { type DatabaseError, InvalidArgumentError } from '../../errors.ts';
import { ImportedIds } from './import-id.ts';
import type { ReadItem } from './item-reader.ts';
import { hasObjectOutline } from './object-outline.ts';
import type { Refusal } from './refusal.ts';

export interface PreparationOptions {
  /** Whether items are whole documents, as `yaradb export --documents` writes them; else they are bodies. */
  readonly documents: boolean;
  /** Null: the default one, or that of each document. */
  readonly table: string | null;
  /** Null: the table's, or that of each document. */
  readonly name: string | null;
  /** Members of a body that are taken out of it, to be the document's id and its name. */
  readonly idField: string | null;
  readonly nameField: string | null;
  /** What the ids follow from that no item brings. */
  readonly key: string;
}

/** What is to be made of an item. */
export interface PreparedItem {
  readonly line: number;
  /** As it stands in the input. */
  readonly text: Buffer;
  readonly id: string;
  /** Whether the item brought it. */
  readonly isOwnId: boolean;
  readonly table: string | null;
  readonly name: string;
  /** Null while nobody has looked whether the text is JSON. */
  readonly body: JsonObject | null;
  /** JSON, if the item is. */
  readonly bodyText: Buffer;
  readonly archived: boolean;
}

/** One whose text is JSON. */
export type ParsedItem = PreparedItem & { readonly body: JsonObject };

/** Makes documents of items. */
export class ItemPreparation {
  readonly #options: PreparationOptions;
  readonly #ids: ImportedIds;
  /** Whether nothing of an item is needed to know what is to be made of it. */
  readonly #takesWhole: boolean;

  constructor(options: PreparationOptions) {
    this.#options = options;
    this.#ids = new ImportedIds(options.key, options.table);
    this.#takesWhole = !options.documents && options.idField === null && options.nameField === null;
  }

  /**
   * Makes of an item that is a body and nothing else a document without parsing it: the server has to do that anyhow.
   * @throws {DatabaseError} `INVALID_ARGUMENT` or `LIMIT_EXCEEDED` with the path, when nothing can be made of it.
   */
  prepare(item: ReadItem): PreparedItem {
    if (item.problem !== null) throw new InvalidArgumentError(item.problem);
    if (this.#takesWhole && item.value === null && hasObjectOutline(item.text)) return this.#ofText(item);
    const value = item.value ?? parseJson(item.text);
    if (!isJsonObject(value))
      throw new InvalidArgumentError('it is no JSON object', { path: '', expected: 'an object' });
    return this.#options.documents ? this.#ofDocument(item, value) : this.#ofBody(item, value);
  }

  #ofText({ line, text, ordinal }: ReadItem): PreparedItem {
    const { table, name } = this.#options;
    const id = this.#ids.idOf(ordinal);
    const documentName = name ?? table ?? 'default';
    return { line, text, id, isOwnId: false, table, name: documentName, body: null, bodyText: text, archived: false };
  }

  #ofBody(item: ReadItem, value: JsonObject): PreparedItem {
    const { idField, nameField, table, name: commonName } = this.#options;
    const { line, text, ordinal } = item;
    const given = idField === null ? null : parseDocumentId(memberOf(value, idField) ?? null, idField);
    const name = nameField === null ? commonName : textOf(memberOf(value, nameField), nameField);
    const taken = idField !== null || nameField !== null;
    const body = taken ? without(value, idField, nameField) : value;
    // What the parser has understood can be sent as it stands.
    const bodyText = taken || item.value !== null ? Buffer.from(stringifyJson(body)) : text;
    const id = given ?? this.#ids.idOf(ordinal);
    const isOwnId = given !== null;
    return { line, text, id, isOwnId, table, name: name ?? table ?? 'default', body, bodyText, archived: false };
  }

  #ofDocument({ line, text, ordinal }: ReadItem, document: JsonObject): PreparedItem {
    const given = memberOf(document, '_id') ?? null;
    const body = memberOf(document, 'body');
    if (!isJsonObject(body)) {
      throw new InvalidArgumentError("'body' is no JSON object: leave --documents out when the items are bodies", {
        path: 'body',
        expected: 'an object',
      });
    }
    const table = this.#options.table ?? tableOf(document);
    const name = this.#options.name ?? textOrNull(memberOf(document, 'name'), 'name') ?? table ?? 'default';
    const id = given === null ? this.#ids.idOf(ordinal) : parseDocumentId(given, '_id');
    const archived = (memberOf(document, 'archived_at') ?? null) !== null;
    const bodyText = Buffer.from(stringifyJson(body));
    return { line, text, id, isOwnId: given !== null, table, name, body, bodyText, archived };
  }
}

/** The item after a look whether its text is JSON. @throws {DatabaseError} as `prepare` does. */
export function parsedItem(item: PreparedItem): ParsedItem {
  const body = item.body ?? parseJson(item.bodyText);
  if (!isJsonObject(body)) throw new TypeError('What begins with a brace is no other JSON than an object');
  return { ...item, body };
}

export function refusalOf({ line, text }: Pick<ReadItem, 'line' | 'text'>, error: DatabaseError): Refusal {
  const { path } = error.evidence;
  // The parser counts the lines of the item.
  const reason = error.message.replace(/at line (\d+), column/, (_, inItem) => {
    const inInput = line + Number(inItem) - 1;
    return inInput === line ? 'at column' : `at line ${inInput}, column`;
  });
  return { line, text, code: error.code, path: typeof path === 'string' ? path : null, reason };
}

function tableOf(document: JsonObject): string | null {
  const data = memberOf(document, 'table_data') ?? null;
  if (data === null) return null;
  if (!isJsonObject(data)) throw wrongMember('table_data', 'an object with a name');
  return textOrNull(memberOf(data, 'name'), 'table_data.name');
}

function memberOf(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function textOf(value: JsonValue | undefined, path: string): string {
  if (typeof value !== 'string') throw wrongMember(path, 'a string');
  return value;
}

function textOrNull(value: JsonValue | undefined, path: string): string | null {
  return value === undefined || value === null ? null : textOf(value, path);
}

function wrongMember(path: string, expected: string): InvalidArgumentError {
  return new InvalidArgumentError(`'${path}' must be ${expected}`, { path, expected });
}

function without(value: JsonObject, ...keys: readonly (string | null)[]): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));
}
