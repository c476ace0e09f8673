import { defineKey, isJsonObject, type JsonObject, type JsonValue } from '../../document/json.ts';
import { parseJson } from '../../document/json-parser.ts';
import { parsePath } from '../../document/path.ts';
import { DatabaseError, InvalidArgumentError } from '../../errors.ts';
import { SourceError } from './source-item.ts';

export interface CsvOptions {
  /** `strings`: every cell is one. `json`: a cell that is JSON is that value, any other a string. */
  readonly types: 'strings' | 'json';
  /** Whether dots in the header make objects inside objects. */
  readonly nested: boolean;
  /** Whether an empty cell makes no member. */
  readonly ignoreBlanks: boolean;
}

/** The first record of a CSV: what the cells of the others are called. */
export class CsvHeader {
  readonly #columns: readonly (readonly string[])[];
  readonly #options: CsvOptions;

  /** @throws {SourceError} when two columns are in each other's way. */
  constructor(names: readonly string[], options: CsvOptions, line: number) {
    this.#options = options;
    this.#columns = names.map((name) => (options.nested ? keysOf(name, line) : [name]));
    const probe = {};
    for (const [index, keys] of this.#columns.entries()) {
      if (put(probe, keys, null)) continue;
      throw new SourceError(line, `the column '${names[index]}' of the header is there twice, or lies inside another`);
    }
  }

  get length(): number {
    return this.#columns.length;
  }

  /** @param cells as many as there are columns. */
  bodyOf(cells: readonly string[]): JsonObject {
    const body = {};
    for (const [index, keys] of this.#columns.entries()) {
      const cell = cells[index] ?? '';
      if (cell === '' && this.#options.ignoreBlanks) continue;
      put(body, keys, this.#options.types === 'json' ? jsonOf(cell) : cell);
    }
    return body;
  }
}

function keysOf(name: string, line: number): readonly string[] {
  try {
    const path = parsePath(name, 'header');
    // An own field of documents, such as `$id`: options name it like any other column.
    return path.kind === 'body' ? path.keys : [name];
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw new SourceError(line, error.message, { cause: error });
    throw error;
  }
}

/** False when something is there already. */
function put(target: JsonObject, [key = '', ...rest]: readonly string[], value: JsonValue): boolean {
  const existing = Object.hasOwn(target, key) ? target[key] : undefined;
  if (rest.length === 0) {
    if (existing !== undefined) return false;
    defineKey(target, key, value);
    return true;
  }
  if (existing !== undefined) return isJsonObject(existing) && put(existing, rest, value);
  const inner = {};
  defineKey(target, key, inner);
  return put(inner, rest, value);
}

// Only what may be JSON and no text is given to the parser: it is slow to refuse.
const mayBeJson = /^(?:-?\d|[[{]|(?:true|false|null)$)/;

function jsonOf(cell: string): JsonValue {
  if (!mayBeJson.test(cell)) return cell;
  try {
    return parseJson(cell);
  } catch (error) {
    if (error instanceof DatabaseError) return cell;
    throw error;
  }
}
