import type { Document } from '../document/document.ts';
import { isJsonObject, type JsonValue } from '../document/json.ts';
import { readField, readKey } from '../document/path.ts';
import { GrowingList } from './growing-list.ts';
import type { Order } from './order.ts';
import { toSteps, visitPath } from './path-walk.ts';
import { compareSortKeys, SortKeyColumn } from './sort-key-column.ts';

/**
 * What one level of an order compares a document by. Null also stands for what is missing, and undefined for an empty list,
 * which MongoDB orders before null. One of the document's own times is its milliseconds.
 */
export type SortKey = JsonValue | undefined;

/** A place in an ordered list of documents, whether or not a document stands there. */
export interface Position {
  /** One for each level of the order. */
  readonly keys: readonly SortKey[];
  readonly createdSequence: number;
  readonly id: string;
}

/**
 * The total order that an `orderBy` means: its levels, most significant first; ties are broken by creation, then by id, always
 * ascending. Through a list its least element counts ascending, its greatest descending.
 */
export class Ordering {
  readonly #levels: readonly Level[];

  constructor(orderBy: readonly Order[]) {
    this.#levels = orderBy.map((order) => ({
      read: compileSortKey(order),
      descending: order.direction === 'DESC',
    }));
  }

  /** Where the document stands. Comparing positions costs less than comparing documents. */
  position(document: Document): Position {
    const { createdSequence, id } = document;
    return { keys: this.#levels.map(({ read }) => read(document)), createdSequence, id };
  }

  /** An empty table of positions. */
  table(): PositionTable {
    return new PositionTable(this.#levels);
  }

  comparePositions(a: Position, b: Position): number {
    for (let index = 0; index < this.#levels.length; index++) {
      const difference = compareSortKeys(a.keys[index], b.keys[index]);
      if (difference !== 0) return this.#levels[index]?.descending ? -difference : difference;
    }
    return compareCreation(a, b);
  }

  /** Negative when the document stands before the position. It reads no more of the document than it needs. */
  compareDocument(document: Document, position: Position): number {
    for (let index = 0; index < this.#levels.length; index++) {
      const level = this.#levels[index];
      if (level === undefined) break;
      const difference = compareSortKeys(level.read(document), position.keys[index]);
      if (difference !== 0) return level.descending ? -difference : difference;
    }
    return compareCreation(document, position);
  }

  compareDocuments(a: Document, b: Document): number {
    for (const { read, descending } of this.#levels) {
      const difference = compareSortKeys(read(a), read(b));
      if (difference !== 0) return descending ? -difference : difference;
    }
    return compareCreation(a, b);
  }
}

/**
 * Where many documents stand, a column for each level of the order: it takes a third of the memory of as many positions, and never moves what it
 * holds, however many come.
 */
export class PositionTable {
  readonly #levels: readonly TableLevel[];
  readonly #documents = new GrowingList<Document>();

  constructor(levels: readonly Level[]) {
    this.#levels = levels.map((level) => ({ ...level, column: new SortKeyColumn() }));
  }

  get size(): number {
    return this.#documents.size;
  }

  /** Its number is the size before. */
  add(document: Document): void {
    for (const { column, read } of this.#levels) column.add(read(document));
    this.#documents.push(document);
  }

  document(number: number): Document {
    const document = this.#documents.at(number);
    if (document === undefined) throw new RangeError(`there is no document ${number} among ${this.size}`);
    return document;
  }

  /** Of the documents of these numbers. */
  compare(a: number, b: number): number {
    for (const { column, descending } of this.#levels) {
      const difference = column.compare(a, b);
      if (difference !== 0) return descending ? -difference : difference;
    }
    return compareCreation(this.document(a), this.document(b));
  }
}

interface Level {
  readonly read: (document: Document) => SortKey;
  readonly descending: boolean;
}

interface TableLevel extends Level {
  readonly column: SortKeyColumn;
}

/** The order that `orderBy` means, as a comparator. To sort many documents, `sortDocuments` is quicker. */
export function compileOrder(orderBy: readonly Order[]): (a: Document, b: Document) => number {
  const ordering = new Ordering(orderBy);
  return (a, b) => ordering.compareDocuments(a, b);
}

function compareCreation(a: Omit<Position, 'keys'>, b: Omit<Position, 'keys'>): number {
  if (a.createdSequence !== b.createdSequence) return a.createdSequence - b.createdSequence;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0; // lower-case UUIDs: all ASCII
}

function compileSortKey({ path, direction }: Order): (document: Document) => SortKey {
  if (path.kind === 'field') {
    const { field } = path;
    switch (field) {
      case 'createdAt':
      case 'updatedAt':
      case 'archivedAt':
        return (document) => document[field];
      default:
        return (document) => readField(document, field);
    }
  }
  const steps = toSteps(path.keys);
  const wantsGreatest = direction === 'DESC';
  return ({ body }) => {
    let value: JsonValue | undefined = body;
    for (const [index, { key }] of steps.entries()) {
      if (!isJsonObject(value)) {
        return Array.isArray(value) ? extremeAtPath(value, steps, index, wantsGreatest) : null;
      }
      value = readKey(value, key);
    }
    return Array.isArray(value) ? extremeAtPath(value, steps, steps.length, wantsGreatest) : (value ?? null);
  };
}

/** The least or the greatest of the values at the rest of the path; null when lists on it offer none. */
function extremeAtPath(
  root: JsonValue,
  steps: ReturnType<typeof toSteps>,
  position: number,
  wantsGreatest: boolean,
): SortKey {
  let found = false;
  let extreme: SortKey;
  const visit = (key: SortKey) => {
    const difference = found ? compareSortKeys(key, extreme) : 0;
    if (!found || (wantsGreatest ? difference > 0 : difference < 0)) extreme = key;
    found = true;
  };
  visitPath(
    root,
    steps,
    position,
    (value) => visit(value ?? null),
    () => visit(undefined),
  );
  return found ? extreme : null;
}
