import type { Document } from '../../document/document.ts';
import { isJsonObject, type JsonValue } from '../../document/json.ts';
import { type Path, readField, readKey } from '../../document/path.ts';
import { compareValues } from '../../document/value-order.ts';
import { LimitExceededError } from '../../errors.ts';
import type { SortKey } from '../../query/ordering.ts';
import { someAtPath, toSteps, visitPath } from '../../query/path-walk.ts';

/** What an entry of an index stands at: of one path a sort key, of several paths a list of one for each. */
export type IndexKey = SortKey | readonly SortKey[];

/**
 * Keys that one document may have in an index of several paths: it has every combination of what is at each, so lists at several
 * paths multiply. (MongoDB refuses lists at two paths at all.) At one path a list may be as long as a body can hold.
 */
export const combinedKeyCountMax = 10_000;

/** The keys of a document that has a list at one path or on the way: sorted, each once. A class, because a list may be a key itself. */
class KeysOfLists {
  readonly keys: readonly SortKey[];

  constructor(keys: SortKey[]) {
    keys.sort(compareKeys);
    this.keys = keys.filter((key, index) => index === 0 || compareKeys(key, keys[index - 1]) !== 0);
  }
}

/** The order of keys at one path: that of sort keys, in which an empty list (undefined) comes first. */
export function compareKeys(a: SortKey, b: SortKey): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  return compareValues(a, b);
}

/**
 * Reads the keys of documents at the paths of an index. They are all values that a filter or an order may find there: what is missing
 * is null, a list is there itself, with its elements, and as its sort keys. So an index finds at least the documents that fit,
 * whatever is asked about one value; whether they do is for the filter to say.
 */
export class IndexKeys {
  readonly #paths: readonly Path[];
  readonly #readers: readonly ((document: Document) => SortKey | KeysOfLists)[];
  readonly #mayHideLists: boolean;

  constructor(paths: readonly Path[]) {
    this.#paths = paths;
    this.#readers = paths.map(compileReader);
    this.#mayHideLists = paths.some((path) => path.kind === 'body' && path.keys.length > 1);
  }

  /** How many paths there are. */
  get width(): number {
    return this.#paths.length;
  }

  /** Whether a document with a list may still have one key: where the list is on the way. At the end of a path it is a key next to its elements. */
  get mayHideLists(): boolean {
    return this.#mayHideLists;
  }

  /**
   * The keys of the document, each once; never none.
   * @throws {LimitExceededError} When there are more combinations than `combinedKeyCountMax`.
   */
  of(document: Document): readonly IndexKey[] {
    const [first, ...others] = this.#readers;
    if (first === undefined) throw new TypeError('an index has at least one path');
    const keys = first(document);
    if (others.length === 0) return keys instanceof KeysOfLists ? keys.keys : [keys];
    const components = [keys, ...others.map((read) => read(document))];
    if (components.some((component) => component instanceof KeysOfLists)) return this.#combine(components.map(listOf));
    // `slice` makes a list of just the size that is needed: this one is kept for as long as the document.
    return [components.map((component) => (component instanceof KeysOfLists ? null : component)).slice()];
  }

  /** For each path, whether the document has a list there or on the way. Without one it has one key there. */
  lists(document: Document): readonly boolean[] {
    return this.#readers.map((read) => read(document) instanceof KeysOfLists);
  }

  /**
   * The keys that must be the document's alone in a unique index: what is missing is none, a list counts by its elements. None at all
   * when something is missing at one of the paths.
   * @throws {LimitExceededError} as `of`.
   */
  unique(document: Document): readonly IndexKey[] {
    const components = this.#paths.map((path) => presentValues(document, path));
    const [first] = components;
    return components.length === 1 && first !== undefined ? first : this.#combine(components);
  }

  /** The key at each path. */
  components(key: IndexKey): readonly SortKey[] {
    // The width says which of the two it is: a key of one path may be a list, too, as a value.
    return this.width === 1 ? [key as SortKey] : (key as readonly SortKey[]);
  }

  compare(a: IndexKey, b: IndexKey): number {
    if (this.width === 1) return compareKeys(a as SortKey, b as SortKey);
    return this.compareStart(a, b as readonly SortKey[]);
  }

  /** Compares as many components of the key as `start` has. */
  compareStart(key: IndexKey, start: readonly SortKey[]): number {
    if (this.width === 1) return start.length === 0 ? 0 : compareKeys(key as SortKey, start[0]);
    const components = key as readonly SortKey[];
    for (let index = 0; index < start.length; index++) {
      const difference = compareKeys(components[index], start[index]);
      if (difference !== 0) return difference;
    }
    return 0;
  }

  #combine(components: readonly (readonly SortKey[])[]): readonly (readonly SortKey[])[] {
    const count = components.reduce((product, { length }) => product * length, 1);
    if (count > combinedKeyCountMax) {
      const texts = this.#paths.map(({ text }) => text).join(', ');
      throw new LimitExceededError(
        `The lists at ${texts} make ${count} combinations, and an index of these paths takes ${combinedKeyCountMax} of one document. ` +
          'Shorten the lists, or make an index of each path instead of one of all',
        { limit: combinedKeyCountMax, actual: count, path: texts },
      );
    }
    let keys: (readonly SortKey[])[] = [[]];
    for (const component of components) keys = keys.flatMap((start) => component.map((key) => start.concat([key])));
    return keys;
  }
}

function listOf(keys: SortKey | KeysOfLists): readonly SortKey[] {
  return keys instanceof KeysOfLists ? keys.keys : [keys];
}

function compileReader(path: Path): (document: Document) => SortKey | KeysOfLists {
  if (path.kind === 'field') {
    const { field } = path;
    switch (field) {
      case 'createdAt':
      case 'updatedAt':
      case 'archivedAt':
        return (document) => document[field]; // milliseconds, as in an order
      default:
        return (document) => readField(document, field);
    }
  }
  const steps = toSteps(path.keys);
  return ({ body }) => {
    let value: JsonValue | undefined = body;
    for (const { key } of steps) {
      if (!isJsonObject(value)) {
        if (Array.isArray(value)) return readThroughLists(body, steps);
        return null; // below a scalar everything is missing
      }
      value = readKey(value, key);
    }
    return Array.isArray(value) ? readThroughLists(body, steps) : (value ?? null);
  };
}

function readThroughLists(body: JsonValue, steps: ReturnType<typeof toSteps>): KeysOfLists {
  const keys: SortKey[] = [];
  someAtPath(body, steps, 0, true, (value) => {
    keys.push(value ?? null);
    return false; // on to the next
  });
  let ordered = false;
  visitPath(
    body,
    steps,
    0,
    (value) => {
      ordered = true;
      keys.push(value ?? null);
    },
    () => {
      ordered = true;
      keys.push(undefined);
    },
  );
  if (!ordered) keys.push(null); // where lists offer no value, the sort key is null
  return new KeysOfLists(keys);
}

function presentValues(document: Document, path: Path): readonly JsonValue[] {
  if (path.kind === 'field') return [readField(document, path.field)];
  const values: JsonValue[] = [];
  visitPath(
    document.body,
    toSteps(path.keys),
    0,
    (value) => {
      if (value !== undefined) values.push(value);
    },
    () => {},
  );
  if (values.length < 2) return values;
  values.sort(compareValues);
  return values.filter((value, index) => index === 0 || compareValues(value, values[index - 1]) !== 0);
}
