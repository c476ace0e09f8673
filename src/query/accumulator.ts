import type { Document } from '../document/document.ts';
import type { JsonValue } from '../document/json.ts';
import { resolvePath } from '../document/path.ts';
import { compareValues } from '../document/value-order.ts';
import type { Measure } from './aggregate-query.ts';
import { ExactSum } from './exact-sum.ts';
import { ValueMap } from './value-map.ts';

/** What one measure comes to for one group. */
export interface Accumulator {
  add(document: Document): void;
  readonly result: JsonValue;
}

/**
 * Values are those at the path, taken literally, as MongoDB's accumulators of `$group` take them: a list is one value. `sum` and `avg` pass over
 * what is no number, `min` and `max` over null and what is missing, `distinct` over what is missing.
 * @param onDistinct Called for every new value that `distinct` has to keep.
 */
export function createAccumulator(measure: Measure, onDistinct: () => void): Accumulator {
  if (measure.kind === 'count') return new Count();
  const { path } = measure;
  const read = (document: Document) => resolvePath(document, path);
  switch (measure.kind) {
    case 'sum':
      return new Sum(read);
    case 'avg':
      return new Average(read);
    case 'min':
      return new Extreme(read, -1);
    case 'max':
      return new Extreme(read, 1);
    case 'distinct':
      return new Distinct(read, onDistinct);
  }
}

type Read = (document: Document) => JsonValue | undefined;

class Count implements Accumulator {
  result = 0;

  add(): void {
    this.result += 1;
  }
}

/** 0 when there was no number. */
class Sum implements Accumulator {
  readonly #read: Read;
  readonly #sum = new ExactSum();

  constructor(read: Read) {
    this.#read = read;
  }

  add(document: Document): void {
    const value = this.#read(document);
    if (typeof value === 'number' || typeof value === 'bigint') this.#sum.add(value);
  }

  get result(): JsonValue {
    return this.#sum.value;
  }
}

/** Null when there was no number. */
class Average implements Accumulator {
  readonly #read: Read;
  readonly #sum = new ExactSum();
  #count = 0;

  constructor(read: Read) {
    this.#read = read;
  }

  add(document: Document): void {
    const value = this.#read(document);
    if (typeof value !== 'number' && typeof value !== 'bigint') return;
    this.#sum.add(value);
    this.#count += 1;
  }

  get result(): JsonValue {
    return this.#count === 0 ? null : this.#sum.dividedBy(this.#count);
  }
}

/** In the order of all values, types included. Null when there was no value. */
class Extreme implements Accumulator {
  readonly #read: Read;
  /** 1 for the greatest, -1 for the least. */
  readonly #sign: 1 | -1;
  result: JsonValue = null;

  constructor(read: Read, sign: 1 | -1) {
    this.#read = read;
    this.#sign = sign;
  }

  add(document: Document): void {
    const value = this.#read(document);
    if (value === undefined || value === null) return;
    if (this.result === null || compareValues(value, this.result) * this.#sign > 0) this.result = value;
  }
}

/** The values, each once, in no order: there may be very many, so who asks for them sorts them in slices. */
class Distinct implements Accumulator {
  readonly #read: Read;
  readonly #onNew: () => void;
  readonly #values = new ValueMap<true>();

  constructor(read: Read, onNew: () => void) {
    this.#read = read;
    this.#onNew = onNew;
  }

  add(document: Document): void {
    const value = this.#read(document);
    if (value === undefined || this.#values.get(value) !== undefined) return;
    this.#onNew();
    this.#values.set(value, true);
  }

  get result(): JsonValue {
    return Array.from(this.#values.entries(), ([value]) => value);
  }
}
