import type { Document } from '../document/document.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../document/json.ts';
import { formatPath } from '../document/path.ts';
import type { Filter } from './filter.ts';
import { KeptFactories } from './kept-factories.ts';

/** Stands in a column where a list is on the way to the value: what is at the path has to be asked of the document. */
export const irregular = Symbol('irregular');

/** What is at one path of the documents of a list, in their order. */
export type Column = readonly (JsonValue | undefined | typeof irregular)[];

/**
 * Asks documents the question of a filter by the columns of its paths, and looks at a document only where they do not tell. `isSure`: all documents are
 * such as the query admits, archived or not, and none is too new; else those that fit are looked at.
 */
export interface ColumnPredicate {
  /** As `Predicate.search`. */
  readonly search: (
    documents: readonly Document[],
    columns: readonly Column[],
    isSure: boolean,
    start: number,
    end: number,
    step: 1 | -1,
  ) => number;
  /** As `Predicate.count`. */
  readonly count: (
    documents: readonly Document[],
    columns: readonly Column[],
    isSure: boolean,
    start: number,
    end: number,
    sequence: number,
  ) => number;
}

/** Of a filter with more paths no columns are used. */
export const columnsMax = 8;

/** Their expressions ask of a document `list[i]`, its entries `q0[i]`, `q1[i]`, … and a variable `v`. */
export const columnPredicateFactories = new KeptFactories<ColumnPredicate>(({ expression, admission, columnCount }) => {
  const columns = Array.from({ length: columnCount }, (_, number) => `q${number} = columns[${number}]`).join(', ');
  return `{
    search: (list, columns, isSure, start, end, step) => {
      const ${columns};
      let v;
      for (let i = start; i !== end; i += step) {
        if (${expression} && (isSure || ${admission})) return i;
      }
      return end;
    },
    count: (list, columns, isSure, start, end, sequence) => {
      const ${columns};
      let v, count = 0;
      for (let i = start; i < end; i += 1) {
        if (${expression} && (isSure || list[i].sequence <= sequence && ${admission})) count += 1;
      }
      return count;
    },
  }`;
});

/** A path of which there may be a column: the text that names it, and its keys. */
export interface ColumnPath {
  readonly text: string;
  readonly keys: readonly string[];
}

/** The paths that a filter asks about, each once, as far as there may be columns of them; null when they are none or too many. */
export function columnPaths(filter: Filter): readonly ColumnPath[] | null {
  const paths = new Map<string, ColumnPath>();
  collect(filter, paths);
  return paths.size === 0 || paths.size > columnsMax ? null : [...paths.values()];
}

function collect(filter: Filter, paths: Map<string, ColumnPath>): void {
  switch (filter.kind) {
    case 'and':
    case 'or':
      for (const part of filter.filters) collect(part, paths);
      break;
    case 'not':
      collect(filter.filter, paths);
      break;
    default: {
      const { path } = filter;
      if (path.kind === 'field' || !isReadPlainly(path.keys)) break;
      const text = formatPath(path);
      paths.set(text, { text, keys: path.keys });
    }
  }
}

/** Paths of more keys are walked by a call: each key nests the source one level deeper. */
const plainKeysMax = 8;

/** Whether the keys may be read as properties. Some (`constructor`) would be found in every object. */
export function isReadPlainly(keys: readonly string[]): boolean {
  return keys.length <= plainKeysMax && !keys.some((key) => key in Object.prototype);
}

/** What is at the keys of a body, for its column. Below anything but an object or a list it is missing. */
export function columnEntry(body: JsonObject, keys: readonly string[]): JsonValue | undefined | typeof irregular {
  let value: JsonValue | undefined = body;
  for (const key of keys) {
    if (Array.isArray(value)) return irregular;
    if (!isJsonObject(value)) return undefined;
    value = value[key];
  }
  return value;
}
