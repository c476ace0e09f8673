import type { Document } from '../document/document.ts';
import { defineKey, type JsonObject, type JsonValue } from '../document/json.ts';
import { resolvePath } from '../document/path.ts';
import { compareValues } from '../document/value-order.ts';
import { LimitExceededError } from '../errors.ts';
import { type Accumulator, createAccumulator } from './accumulator.ts';
import type { AggregateQuery, DocumentGroup, GroupOrder } from './aggregate-query.ts';
import { ValueMap } from './value-map.ts';

interface Group {
  readonly key: readonly JsonValue[];
  readonly accumulators: readonly Accumulator[];
}

/** The values at the paths, and the result of each measure. */
export interface MeasuredGroup {
  readonly key: readonly JsonValue[];
  readonly results: readonly JsonValue[];
}

/**
 * Groups documents and measures the groups.
 *
 * Life cycle: told of each document that fits the query, once; then `groups` answers.
 */
export class Aggregator {
  readonly #query: AggregateQuery;
  readonly #groupsMax: number;
  /** By the value at the path when the query groups by one, else by the list of the values. */
  readonly #groups = new ValueMap<Group>();
  #distinctValues = 0;

  /** @param groupsMax groups, and distinct values of all of them together, that are kept at once. */
  constructor(query: AggregateQuery, groupsMax: number) {
    this.#query = query;
    this.#groupsMax = groupsMax;
    if (query.groupBy.length === 0) this.#open([], []);
  }

  /** @throws {LimitExceededError} for more groups or distinct values than are kept at once. */
  add(document: Document): void {
    for (const accumulator of this.#groupOf(document).accumulators) accumulator.add(document);
  }

  /** In the order in which they were met. The values of a `distinct` are still to be sorted, then the groups by `comparison`; `groupOf` shows them. */
  *groups(): Generator<MeasuredGroup> {
    for (const [, { key, accumulators }] of this.#groups.entries()) {
      yield { key, results: accumulators.map(({ result }) => result) };
    }
  }

  /** The order that was asked for; ties are broken by the key. */
  comparison(): (a: MeasuredGroup, b: MeasuredGroup) => number {
    const levels = this.#query.orderBy.map((order) => this.#level(order));
    return (a, b) => {
      for (const { read, sign } of levels) {
        const difference = compareValues(read(a), read(b));
        if (difference !== 0) return difference * sign;
      }
      return compareValues(a.key, b.key);
    };
  }

  #groupOf(document: Document): Group {
    const { groupBy } = this.#query;
    const [first] = groupBy;
    if (groupBy.length === 1 && first !== undefined) {
      const value = resolvePath(document, first) ?? null;
      return this.#groups.get(value) ?? this.#open(value, [value]);
    }
    const values = groupBy.map((path) => resolvePath(document, path) ?? null);
    return this.#groups.get(values) ?? this.#open(values, values);
  }

  #open(mapKey: JsonValue, key: readonly JsonValue[]): Group {
    const limit = this.#groupsMax;
    if (this.#groups.size >= limit) {
      throw new LimitExceededError(
        `There are more than ${limit} groups. Group by fewer paths, or filter the documents`,
        { limit, path: 'groupBy' },
      );
    }
    const accumulators = this.#query.measures.map((measure) => createAccumulator(measure, this.#countDistinct));
    const group = { key, accumulators };
    this.#groups.set(mapKey, group);
    return group;
  }

  readonly #countDistinct = (): void => {
    this.#distinctValues += 1;
    const limit = this.#groupsMax;
    if (this.#distinctValues <= limit) return;
    throw new LimitExceededError(`There are more than ${limit} distinct values. Filter the documents`, {
      limit,
      path: 'measures',
    });
  };

  #level({ by, direction }: GroupOrder) {
    const { measures, groupBy } = this.#query;
    const measure = measures.findIndex(({ as }) => as === by);
    const path = groupBy.findIndex(({ text }) => text === by);
    if (measure === -1 && path === -1) throw new RangeError(`'${by}' is neither a measure nor a path to group by`);
    const read = (group: MeasuredGroup) => (measure === -1 ? group.key[path] : group.results[measure]);
    return { read, sign: direction === 'ASC' ? 1 : -1 };
  }
}

/** What clients see of a group. */
export function groupOf({ groupBy, measures }: AggregateQuery, { key, results }: MeasuredGroup): DocumentGroup {
  return {
    key: objectOf(
      groupBy.map(({ text }) => text),
      key,
    ),
    values: objectOf(
      measures.map(({ as }) => as),
      results,
    ),
  };
}

/** Whatever the names are: `__proto__` is one like any other. */
function objectOf(names: readonly string[], values: readonly JsonValue[]): JsonObject {
  const object: JsonObject = {};
  for (const [index, name] of names.entries()) defineKey(object, name, values[index] ?? null);
  return object;
}
