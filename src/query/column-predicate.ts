import type { Document } from '../document/document.ts';
import type { JsonObject, JsonValue } from '../document/json.ts';
import { formatPath, type Path } from '../document/path.ts';
import type { ElementBits } from './element-bits.ts';
import type { Filter } from './filter.ts';
import { askedText, fingerprint } from './fingerprint.ts';
import { KeptFactories } from './kept-factories.ts';
import { coreOf } from './leaf-test.ts';

/** Stands in a column where a list is on the way to the value: what is at the path has to be asked of the document. */
export const irregular = Symbol('irregular');

/** What is at one path of a document. */
export type ColumnEntry = JsonValue | undefined | typeof irregular;

/** What is at one path of the documents of a list, in their order, or the fingerprints of that. */
export type Column = readonly ColumnEntry[];

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

/** For a filter that needs more, none are used. */
const columnsMax = 16;

/** Their expressions ask of a document `list[i]`, its entries `q0[i]`, `q1[i]`, … and variables `v` and `s`. */
export const columnPredicateFactories = new KeptFactories<ColumnPredicate>(({ expression, admission, columnCount }) => {
  const columns = Array.from({ length: columnCount }, (_, number) => `q${number} = columns[${number}]`).join(', ');
  return `{
    search: (list, columns, isSure, start, end, step) => {
      const ${columns};
      let v, s;
      for (let i = start; i !== end; i += step) {
        if (${expression} && (isSure || ${admission})) return i;
      }
      return end;
    },
    count: (list, columns, isSure, start, end, sequence) => {
      const ${columns};
      let v, s, count = 0;
      for (let i = start; i < end; i += 1) {
        if (${expression} && (isSure || list[i].sequence <= sequence && ${admission})) count += 1;
      }
      return count;
    },
  }`;
});

/** What a column is of. */
export interface ColumnSource {
  /** Of no other column. */
  readonly name: string;
  readonly keys: readonly string[];
  /** Whether it has the values' fingerprints instead of them. */
  readonly isFingerprint: boolean;
}

/** The columns of what a filter asks about, each once; null when there can be none, or they are too many. */
export function columnSources(filter: Filter): readonly ColumnSource[] | null {
  const sources = new Map<string, ColumnSource>();
  collect(filter, sources);
  return sources.size === 0 || sources.size > columnsMax ? null : [...sources.values()];
}

function collect(filter: Filter, sources: Map<string, ColumnSource>): void {
  const core = coreOf(filter);
  switch (core.kind) {
    case 'and':
    case 'or':
      for (const part of core.filters) collect(part, sources);
      break;
    case 'not':
      collect(core.filter, sources);
      break;
    default: {
      const { path } = core;
      if (path.kind === 'field' || !isReadPlainly(path.keys)) break;
      const { keys } = path;
      const name = valuesName(path);
      sources.set(name, { name, keys, isFingerprint: false });
      if (askedText(core) === null) break;
      const fingerprints = fingerprintsName(path);
      sources.set(fingerprints, { name: fingerprints, keys, isFingerprint: true });
    }
  }
}

export function valuesName(path: Path): string {
  return formatPath(path);
}

/** No path into a body begins with a dollar sign that is not escaped. */
export function fingerprintsName(path: Path): string {
  return `$fingerprint.${formatPath(path)}`;
}

/** Paths of more keys are walked by a call: each key nests the source one level deeper. */
const plainKeysMax = 8;

/** Whether the keys may be read as properties. Some (`constructor`) would be found in every object. */
export function isReadPlainly(keys: readonly string[]): boolean {
  return keys.length <= plainKeysMax && !keys.some((key) => key in Object.prototype);
}

/** Reads the entry of a column from a body. Below anything but an object or a list there is nothing. */
export type EntryReader = (body: JsonObject) => ColumnEntry;

/** A function of its own for each column: one that is given the keys takes several times as long. @param bits those of the column. */
export function entryReader({ keys, isFingerprint }: ColumnSource, bits: ElementBits): EntryReader {
  const steps = keys.map((key, position) => {
    const descent = `if (Array.isArray(v)) return irregular; if (typeof v !== 'object' || v === null) return undefined;`;
    return `${position === 0 ? '' : descent} v = v[${JSON.stringify(key)}];`;
  });
  const make: (stop: typeof irregular) => EntryReader = new Function(
    'irregular',
    `'use strict'; return (v) => { ${steps.join(' ')} return v; };`,
  ) as (stop: typeof irregular) => EntryReader;
  const read = make(irregular);
  return isFingerprint ? (body) => fingerprint(read(body), bits) : read;
}
