import { Buffer } from 'node:buffer';
import { isJsonObject, type JsonObject, type JsonValue } from '../../document/json.ts';
import { parseJson } from '../../document/json-parser.ts';
import { stringifyJson } from '../../document/json-serializer.ts';
import { type DocumentField, type Path, resolveKeys } from '../../document/path.ts';
import type { ItemFormat } from '../import/item-format.ts';

/** Writes documents that the REST API has sent in the form of an export. */
export interface DocumentWriter {
  /** What stands before all of them. */
  readonly opening: string;
  /** @param text of one document, as the server has sent it. */
  write(text: Buffer): Buffer;
  readonly closing: () => string;
}

export interface WriterOptions {
  readonly format: ItemFormat;
  /** Whole documents instead of their bodies. */
  readonly documents: boolean;
  /** Of CSV: the columns. */
  readonly fields: readonly Path[];
}

export function createWriter({ format, documents, fields }: WriterOptions): DocumentWriter {
  const content = documents ? (text: Buffer) => text : bodyText;
  switch (format) {
    case 'ndjson':
      return { opening: '', write: (text) => Buffer.concat([content(text), lineEnd]), closing: () => '' };
    case 'json':
      return new ListWriter(content);
    case 'csv':
      return {
        opening: recordText(fields.map(({ text }) => text)),
        write: (text) => Buffer.from(recordText(cellsOf(documentOf(text), fields))),
        closing: () => '',
      };
  }
}

const lineEnd = Buffer.from('\n');

/** A JSON list with one element a line. */
class ListWriter implements DocumentWriter {
  readonly opening = '[';
  readonly #content: (text: Buffer) => Buffer;
  #separator = Buffer.from('\n');

  constructor(content: (text: Buffer) => Buffer) {
    this.#content = content;
  }

  write(text: Buffer): Buffer {
    const written = Buffer.concat([this.#separator, this.#content(text)]);
    this.#separator = Buffer.from(',\n');
    return written;
  }

  readonly closing = (): string => '\n]\n';
}

const noLimits = { nestingMax: Number.POSITIVE_INFINITY, integerDigitsMax: Number.POSITIVE_INFINITY };

function documentOf(text: Buffer): JsonObject {
  const document = parseJson(text, noLimits);
  if (!isJsonObject(document)) throw new TypeError('a list of documents holds something else');
  return document;
}

function bodyText(text: Buffer): Buffer {
  return Buffer.from(stringifyJson(documentOf(text).body));
}

/** A document's own fields, as the REST API names them. */
const members: { readonly [Field in Exclude<DocumentField, 'table'>]: string } = {
  id: '_id',
  name: 'name',
  version: 'version',
  createdAt: 'created_at',
  updatedAt: 'updated_at',
  archivedAt: 'archived_at',
};

function cellsOf(document: JsonObject, fields: readonly Path[]): readonly string[] {
  return fields.map((path) =>
    cellText(path.kind === 'field' ? ownField(document, path.field) : bodyValue(document, path.keys)),
  );
}

function bodyValue({ body }: JsonObject, keys: readonly string[]): JsonValue | undefined {
  return body === undefined ? undefined : resolveKeys(body, keys);
}

function ownField(document: JsonObject, field: DocumentField): JsonValue | undefined {
  if (field !== 'table') return document[members[field]] ?? undefined;
  const { table_data: table } = document;
  return isJsonObject(table) ? table.name : 'default';
}

/** Strings as they are, everything else as JSON, nothing for what is not there. */
function cellText(value: JsonValue | undefined): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : stringifyJson(value);
}

/** RFC 4180, section 2. A record of one empty cell would be an empty line, which readers pass over. */
function recordText(cells: readonly string[]): string {
  const quoted = cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell));
  return `${quoted.length === 1 && quoted[0] === '' ? '""' : quoted.join(',')}\n`;
}
