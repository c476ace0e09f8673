import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { Query } from 'mingo';
import { describe, expect, it } from 'vitest';
import { isJsonObject, type JsonObject, type JsonValue } from '../../src/document/json.ts';
import { compileFilter } from '../../src/query/filter-compiler.ts';
import { parseMongodbFilter } from '../../src/query/mongodb-filter-parser.ts';
import { bodies, filters } from './filter-arbitraries.ts';
import { makeDocument } from './make-document.ts';
import { type Condition, departures, isAboutElement, reachable } from './mingo-departures.ts';

// mingo writes every filter as JSON, for an error that it may never throw, and JSON has no bigint.
Object.defineProperty(BigInt.prototype, 'toJSON', { value: String });

type Answer = boolean | 'throws';

function compile(filter: JsonObject): {
  readonly ours: (body: JsonObject) => boolean;
  readonly mingo: (body: JsonObject) => Answer;
} {
  const fits = compileFilter(parseMongodbFilter(filter, ''));
  const query = new Query(filter);
  return {
    ours: (body) => fits(makeDocument(body)),
    mingo: (body) => {
      try {
        return query.test(body);
      } catch (error) {
        if (error instanceof TypeError) return 'throws'; // it computes with bigints and numbers together
        throw error;
      }
    },
  };
}

/** Every operator of the filter with its path, those inside `$elemMatch` once for every element that they may meet. */
function* conditionsOf(filter: JsonObject, root: JsonObject): Iterable<Condition> {
  for (const [key, value] of Object.entries(filter)) {
    if (!key.startsWith('$')) yield* operatorsAt(key, value, root, false);
    else if (Array.isArray(value)) for (const part of value) if (isJsonObject(part)) yield* conditionsOf(part, root);
  }
}

function* operatorsAt(
  path: string,
  clauses: JsonValue | undefined,
  root: JsonObject,
  element: boolean,
): Iterable<Condition> {
  if (!isJsonObject(clauses)) return;
  const { $options, ...named } = clauses;
  for (const [operator, operand] of Object.entries(named)) {
    const clause = { [operator]: operand, ...(operator === '$regex' && $options !== undefined ? { $options } : {}) };
    if (operator === '$not') yield* operatorsAt(path, operand, root, element);
    else yield { path, operator, operand, clause, root, element };
    if (operator !== '$elemMatch' || !isJsonObject(operand)) continue;
    for (const list of reachable(root, path)) {
      for (const item of Array.isArray(list) ? list : []) {
        if (isAboutElement(operand)) yield* operatorsAt('element', operand, { element: item }, true);
        else if (isJsonObject(item)) yield* conditionsOf(operand, item);
      }
    }
  }
}

/** Whether the operator alone, at its place, is answered differently. */
function isDisputed({ path, clause, root, element }: Condition): boolean {
  const [filter, body] = element
    ? [{ list: { $elemMatch: clause } }, { list: Object.values(root) }]
    : [{ [path]: clause }, root];
  const { ours, mingo } = compile(filter);
  return ours(body) !== mingo(body);
}

/**
 * The departures that explain why the two disagree about a body. Empty when there is no explanation: no operator is disputed
 * by itself, or one is and no departure describes it.
 */
function explain(filter: JsonObject, body: JsonObject): ReadonlySet<string> {
  const found = new Set<string>();
  for (const condition of conditionsOf(filter, body)) {
    if (!isDisputed(condition)) continue;
    const names = Object.keys(departures).filter((name) => departures[name]?.applies(condition));
    // What is inside an `$elemMatch` may explain it; those operators come on their own.
    if (names.length === 0 && condition.operator !== '$elemMatch') return new Set();
    for (const name of names) found.add(name);
  }
  return found;
}

describe('filters in the language of MongoDB', () => {
  it('mean what mingo takes them to mean, but for the departures in the tables of the README', () => {
    const filterCount = 6_000;
    const pairCount = 100_000;
    let compared = 0;
    let fitting = 0;
    let excused = 0;
    const operatorsSeen = new Set<string>();
    fc.assert(
      fc.property(filters, fc.array(bodies, { minLength: 20, maxLength: 20 }), (filter, list) => {
        const { ours, mingo } = compile(filter);
        for (const name of JSON.stringify(filter, replaceBigint).match(/\$[a-zA-Z]+/g) ?? []) operatorsSeen.add(name);
        for (const body of list) {
          const answer = ours(body);
          compared++;
          if (answer) fitting++;
          if (answer === mingo(body)) continue;
          const names = explain(filter, body);
          if (names.size === 0)
            throw new Error(`ours: ${answer}, mingo: ${mingo(body)}, of ${JSON.stringify(body, replaceBigint)}`);
          excused++;
        }
      }),
      { numRuns: filterCount },
    );
    // The comparison would prove nothing if most disagreements were excused, or if the filters fitted nothing.
    expect(compared).toBeGreaterThanOrEqual(pairCount);
    expect(fitting).toBeGreaterThan(compared / 10);
    expect(excused).toBeLessThan(compared / 10);
    expect([...operatorsSeen].sort()).toEqual(allOperators);
  });

  it.each(Object.entries(departures))('depart from mingo by %s', (name, { example: [filter, body] }) => {
    expect(explain(filter, body)).toContain(name);
  });

  it('depart from mingo in no way that the README does not tell', () => {
    const readme = readFileSync(new URL('../../src/query/README.md', import.meta.url), 'utf8');
    const told = Array.from(readme.matchAll(/^\| `([a-z-]+)` \|/gm), ([, name]) => name);
    expect(told.sort()).toEqual(Object.keys(departures).sort());
  });
});

const allOperators =
  '$all $and $elemMatch $eq $exists $gt $gte $in $lt $lte $mod $ne $nin $nor $not $options $or $regex $size $type'.split(
    ' ',
  );

function replaceBigint(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}
