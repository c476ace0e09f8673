import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../src/document/json.ts';
import { everything } from '../../src/query/filter.ts';
import { compileFilter } from '../../src/query/filter-compiler.ts';
import { parseFilter } from '../../src/query/filter-parser.ts';
import { defaultFilterLimits } from '../../src/query/limits.ts';
import { parseMongodbFilter } from '../../src/query/mongodb-filter-parser.ts';
import { makeDocument } from './make-document.ts';
import { refusal } from './refusal.ts';

const parse = (filter: JsonValue) => parseMongodbFilter(filter, '');

/** Of these values of `a` (undefined: there is no `a`), those whose document the condition fits. */
function fitting(condition: JsonValue, values: readonly (JsonValue | undefined)[]): (JsonValue | undefined)[] {
  const fits = compileFilter(parse({ a: condition }));
  return values.filter((a) => fits(makeDocument(a === undefined ? {} : { a })));
}

describe('parseMongodbFilter', () => {
  it('makes of every operator the same filter as GraphQL does', () => {
    const twins: [JsonValue, Parameters<typeof parseFilter>[0]][] = [
      [{ $eq: 1 }, { eq: 1 }],
      [{ $ne: null }, { ne: null }],
      [{ $gt: 1 }, { gt: 1 }],
      [{ $gte: 'a' }, { gte: 'a' }],
      [{ $lt: [1] }, { lt: [1] }],
      [{ $lte: { b: 1 } }, { lte: { b: 1 } }],
      [
        { $gte: 1, $lt: 5 },
        { gte: 1, lt: 5 },
      ],
      [{ $in: [1, null, [2]] }, { in: [1, null, [2]] }],
      [{ $nin: [] }, { notIn: [] }],
      [{ $exists: true }, { exists: true }],
      [{ $exists: 0 }, { exists: false }],
      [{ $type: 'bool' }, { type: 'BOOLEAN' }],
      [{ $type: 2 }, { type: 'STRING' }],
      [{ $regex: '^b' }, { regex: '^b' }],
      [{ $regex: 'b', $options: 'ims' }, { regex: '(?ims)b' }],
      [{ $options: 'u', $regex: 'b' }, { regex: 'b' }],
      [{ $all: ['x', ['y']] }, { all: ['x', ['y']] }],
      [{ $size: 2 }, { size: 2 }],
      [{ $mod: [4, 1] }, { mod: [4, 1] }],
      [{ $elemMatch: { $gte: 1, $lt: 5 } }, { some: { gte: 1, lt: 5 } }],
      [{ $elemMatch: { b: { $gt: 1 } } }, { some: { path: 'b', gt: 1 } }],
      [{ $elemMatch: { b: 1, c: 2 } }, { some: { match: { b: 1, c: 2 } } }],
      [{ $elemMatch: { $elemMatch: { $eq: 1 } } }, { some: { some: { eq: 1 } } }],
    ];
    for (const [condition, input] of twins) {
      expect(parse({ 'a.b': condition })).toEqual(parseFilter({ path: 'a.b', ...input }));
    }
    expect(parse({ $or: [{ a: { $eq: 1 } }, { b: 2 }], c: 3 })).toEqual(
      parseFilter({ and: [{ or: [{ path: 'a', eq: 1 }, { match: { b: 2 } }] }, { match: { c: 3 } }] }),
    );
    expect(parse({ $nor: [{ a: { $eq: 1 } }] })).toEqual(parseFilter({ not: { or: [{ path: 'a', eq: 1 }] } }));
    expect(parse({ a: { $not: { $eq: 1 } } })).toEqual(parseFilter({ not: { path: 'a', eq: 1 } }));
  });

  it('takes plain values as match does, also beside operators and in $elemMatch', () => {
    const match = { username: 'alice', 'a.b': { c: [1] }, '': null, x: {} };
    expect(parse(match)).toEqual(parseFilter({ match }));
    expect(parse({})).toBe(everything);
    expect(parse({ a: { b: { $ne: 1 } } })).toEqual(parseFilter({ match: { a: { b: { $ne: 1 } } } }));
    expect(fitting({ $elemMatch: { b: 1 } }, [[{ b: 1 }], [{ b: [1] }], { b: 1 }])).toEqual([[{ b: 1 }]]);
  });

  it('takes operands for data, whatever their keys', () => {
    expect(fitting({ $eq: { $gt: 1 } }, [{ $gt: 1 }, 2])).toEqual([{ $gt: 1 }]);
    expect(parse({ '\\$price': { $eq: 1 } })).toMatchObject({ path: { keys: ['$price'] } });
    expect(parse({ 'a\\.b': { $eq: 1 } })).toMatchObject({ path: { keys: ['a.b'] } });
  });

  it("names the document's own fields by $", () => {
    const document = makeDocument({ $name: 'x' }, { name: 'alice', createdAt: Date.parse('2026-07-25T09:30:00.123Z') });
    const fits = (filter: JsonValue) => compileFilter(parse(filter))(document);
    expect(fits({ $name: 'alice' })).toBe(true);
    expect(fits({ $name: 'x' })).toBe(false);
    expect(fits({ $name: { $regex: '^al' } })).toBe(true);
    expect(fits({ $createdAt: '2026-07-25T12:30:00.123+03:00' })).toBe(true);
    expect(fits({ $createdAt: '2026-07-25T12:30:00.124+03:00' })).toBe(false);
    expect(fits({ $createdAt: { $gte: '2026-07-25T09:30:00Z', $lt: '2026-07-25T09:30:01Z' } })).toBe(true);
    expect(fits({ $archivedAt: null })).toBe(true);
    expect(refusal(() => parse({ $createdAt: { $gt: 5 } }))).toMatchObject({ path: '\\$createdAt.\\$gt' });
    expect(refusal(() => parse({ $createdAt: 'yesterday' }))).toMatchObject({ path: '\\$createdAt' });
  });

  it('asks for one of several types, or for elements that fit one by one', () => {
    expect(fitting({ $type: ['string', 'null'] }, ['x', null, 1, undefined, [1, 'x']])).toEqual(['x', null, [1, 'x']]);
    const all = { $all: [{ $elemMatch: { n: { $gt: 5 } } }, { $elemMatch: { n: { $lt: 2 } } }] };
    expect(fitting(all, [[{ n: 6 }, { n: 1 }], [{ n: 6 }], [{ n: 3 }]])).toEqual([[{ n: 6 }, { n: 1 }]]);
    expect(fitting({ $elemMatch: {} }, [[{}], [[]], [1], [], {}])).toEqual([[{}], [[]]]);
  });

  it('divides as MongoDB does: fractions are cut off, the remainder has the sign of the number', () => {
    const values = [8, 9, -8, -9, 4.9, 0, '8', null, [1, 12], 2n ** 70n, 2 ** 60];
    expect(fitting({ $mod: [4, 0] }, values)).toEqual([8, -8, 4.9, 0, [1, 12], 2n ** 70n, 2 ** 60]);
    expect(fitting({ $mod: [4, -1] }, values)).toEqual([-9]);
    expect(fitting({ $mod: [-4, 1] }, values)).toEqual([9, [1, 12]]);
  });

  it('is frozen', () => {
    const visit = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      expect(Object.isFrozen(value)).toBe(true);
      for (const part of Object.values(value)) visit(part);
    };
    visit(
      parse({ a: { $not: { $in: [1] }, $type: ['null', 'bool'] }, $or: [{ b: 1 }], 'c.d': { $elemMatch: { x: 1 } } }),
    );
  });

  it.each<[JsonValue, string]>([
    [{ $where: 'x' }, '\\$where'],
    [{ $expr: {} }, '\\$expr'],
    [{ $gt: 5 }, '\\$gt'],
    [{ $price: 5 }, '\\$price'],
    [{ a: { $near: 5 } }, 'a.\\$near'],
    [{ a: { $or: [{ b: 1 }] } }, 'a.\\$or'],
    [{ a: { $gt: 1, b: 1 } }, 'a.\\$gt'],
    [{ 'a.b': { c: 1, $gte: 5 } }, 'a\\.b.\\$gte'],
    [{ $and: [] }, '\\$and'],
    [{ $or: { a: 1 } }, '\\$or'],
    [{ $nor: [5] }, '\\$nor.0'],
    [{ $or: [{ a: { $foo: 1 } }] }, '\\$or.0.a.\\$foo'],
    [{ a: { $in: 5 } }, 'a.\\$in'],
    [{ a: { $nin: [1, { $gt: 1 }] } }, 'a.\\$nin.1'],
    [{ a: { $all: [{ $gt: 1 }] } }, 'a.\\$all.0'],
    [{ a: { $all: [1, { $elemMatch: { b: 1 } }] } }, 'a.\\$all.0'],
    [{ a: { $exists: 'yes' } }, 'a.\\$exists'],
    [{ a: { $type: 'int' } }, 'a.\\$type'],
    [{ a: { $type: [] } }, 'a.\\$type'],
    [{ a: { $not: 5 } }, 'a.\\$not'],
    [{ a: { $not: {} } }, 'a.\\$not'],
    [{ a: { $regex: 5 } }, 'a.\\$regex'],
    [{ a: { $regex: '(' } }, 'a.\\$regex'],
    [{ a: { $regex: 'a', $options: 'x' } }, 'a.\\$options'],
    [{ a: { $options: 'i' } }, 'a.\\$options'],
    [{ a: { $size: -1 } }, 'a.\\$size'],
    [{ a: { $size: '1' } }, 'a.\\$size'],
    [{ a: { $mod: [0, 1] } }, 'a.\\$mod'],
    [{ a: { $mod: [4] } }, 'a.\\$mod'],
    [{ a: { $mod: [4.5, 1] } }, 'a.\\$mod'],
    [{ a: { $elemMatch: 5 } }, 'a.\\$elemMatch'],
    [{ a: { $elemMatch: { $id: 'x' } } }, 'a.\\$elemMatch.\\$id'],
    [{ a: { $elemMatch: { b: { $id: 'x' } } } }, 'a.\\$elemMatch.b.\\$id'],
    [{ '': { $gt: 5 } }, ''],
    [{ 'a\\b': { $gt: 5 } }, 'a\\\\b'],
    [[], ''],
    [null, ''],
  ])('refuses %j and says where', (filter, path) => {
    expect(refusal(() => parse(filter))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      path,
      expected: expect.any(String),
    });
  });

  it('tells who writes an unknown operator which ones are known', () => {
    const { message, expected } = refusal(() => parse({ level: { $near: 5 } }));
    expect(message).toContain("Unknown operator '$near'");
    for (const known of ['$eq', '$nin', '$elemMatch', '$mod']) expect(expected).toContain(known);
    expect(refusal(() => parse({ $price: 5 })).message).toContain('\\$price');
    expect(refusal(() => parse({ $gt: 5 })).message).toContain('{"field": {"$gt": …}}');
  });

  it('has the limits of a filter', () => {
    const nested = (levels: number): JsonValue => (levels === 1 ? { a: 1 } : { $and: [nested(levels - 1)] });
    expect(() => parse(nested(64))).not.toThrow();
    expect(refusal(() => parse(nested(65)))).toMatchObject({ code: 'LIMIT_EXCEEDED', limit: 64, actual: 65 });
    let not: JsonValue = { $gt: 1 };
    for (let level = 0; level < 64; level++) not = level % 2 === 0 ? { $not: not } : { $elemMatch: not };
    expect(refusal(() => parse({ a: not })).code).toBe('LIMIT_EXCEEDED');
    const limits = { ...defaultFilterLimits, nodeCountMax: 5, valueCountMax: 3 };
    const limited = (filter: JsonValue) => refusal(() => parseMongodbFilter(filter, 'body', limits));
    expect(limited({ a: 1, b: 2, c: 3, d: 4, e: 5 })).toMatchObject({ code: 'LIMIT_EXCEEDED', limit: 5 });
    expect(limited({ a: { $gt: 1, $lt: 2, $ne: 3, $exists: true, $size: 1 } })).toMatchObject({ limit: 5 });
    expect(limited({ a: { $in: [1, 2] }, b: { $nin: [1, 2] } })).toMatchObject({
      limit: 3,
      actual: 4,
      path: 'body.b.\\$nin',
    });
    expect(limited({ a: { $all: [1, 2, 3, 4, 5] } })).toMatchObject({ limit: 5 });
  });
});
