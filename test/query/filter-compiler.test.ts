import { describe, expect, it } from 'vitest';
import type { Document } from '../../src/document/document.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../src/document/json.ts';
import { parseJson } from '../../src/document/json-parser.ts';
import { bodyPath, formatPath, parsePath, pathKeysMax } from '../../src/document/path.ts';
import { IndexKeys } from '../../src/embedded/index/index-keys.ts';
import { everything } from '../../src/query/filter.ts';
import { compileFilter } from '../../src/query/filter-compiler.ts';
import { type FilterInput, parseFilter } from '../../src/query/filter-parser.ts';
import { compileOrder } from '../../src/query/ordering.ts';
import { makeDocument } from './make-document.ts';

function fits(filter: FilterInput, document: Document): boolean {
  return compileFilter(parseFilter(filter))(document);
}

function parsed(json: string): Document {
  const body: JsonValue = parseJson(json);
  if (!isJsonObject(body)) throw new Error('a body is an object');
  return makeDocument(body);
}

describe('and, or and not', () => {
  const document = makeDocument({ a: 1, b: 2, c: 3, d: 4 });
  const is = (path: string, eq: number): FilterInput => ({ path, eq });

  it('fits everything with an empty and, nothing with an empty or or in, everything with an empty notIn', () => {
    expect(compileFilter(everything)(document)).toBe(true);
    expect(fits({ and: [] }, document)).toBe(true);
    expect(fits({ or: [] }, document)).toBe(false);
    expect(fits({ path: 'a', in: [] }, document)).toBe(false);
    expect(fits({ path: 'a', notIn: [] }, document)).toBe(true);
  });

  it('combines any number of parts', () => {
    for (let count = 1; count <= 4; count++) {
      const right = [is('a', 1), is('b', 2), is('c', 3), is('d', 4)].slice(0, count);
      const wrong = right.with(-1, is('d', 0));
      expect(fits({ and: right }, document)).toBe(true);
      expect(fits({ and: wrong }, document)).toBe(false);
      expect(fits({ or: wrong.toReversed() }, document)).toBe(count > 1);
      expect(fits({ or: right.map(() => is('a', 0)) }, document)).toBe(false);
      expect(fits({ not: { and: wrong } }, document)).toBe(true);
    }
  });

  it('ANDs all parts of one object', () => {
    expect(fits({ path: 'a', gte: 1, lt: 2, or: [is('b', 2)], match: { c: 3 } }, document)).toBe(true);
    expect(fits({ path: 'a', gte: 1, lt: 1 }, document)).toBe(false);
    expect(fits({ path: 'a', eq: 1, match: { c: 4 } }, document)).toBe(false);
  });
});

describe('contains', () => {
  it("finds a string's part", () => {
    const document = makeDocument({
      title: 'The Log',
      tags: ['database', 'log'],
      lines: [{ sku: 'x-1' }, { sku: ['y'] }],
    });
    expect(fits({ path: 'title', contains: 'Lo' }, document)).toBe(true);
    expect(fits({ path: 'title', contains: 'lo' }, document)).toBe(false);
    expect(fits({ path: 'lines.sku', contains: 'x' }, document)).toBe(true);
  });

  it("finds a list's element, as a whole", () => {
    const document = makeDocument({ tags: ['database', 5, null, { b: 1, a: [2] }, ['in']], lines: [{ sku: ['y'] }] });
    expect(fits({ path: 'tags', contains: 'database' }, document)).toBe(true);
    expect(fits({ path: 'tags', contains: 'data' }, document)).toBe(false);
    expect(fits({ path: 'tags', contains: 5 }, document)).toBe(true);
    expect(fits({ path: 'tags', contains: null }, document)).toBe(true);
    expect(fits({ path: 'tags', contains: { a: [2], b: 1 } }, document)).toBe(true);
    expect(fits({ path: 'tags', contains: 'in' }, document)).toBe(false);
    expect(fits({ path: 'lines.sku', contains: 'y' }, document)).toBe(true);
  });

  it('finds nothing in a number, an object or a missing field', () => {
    const document = makeDocument({ n: 123, o: { a: 'a' } });
    expect(fits({ path: 'n', contains: 2 }, document)).toBe(false);
    expect(fits({ path: 'o', contains: 'a' }, document)).toBe(false);
    expect(fits({ path: 'missing', contains: null }, document)).toBe(false);
  });
});

describe('texts', () => {
  const document = makeDocument({ name: 'Zoë 😀\nend', numbers: [12] });

  it('match by prefix, suffix and regular expression', () => {
    expect(fits({ path: 'name', startsWith: 'Zoë' }, document)).toBe(true);
    expect(fits({ path: 'name', startsWith: 'oë' }, document)).toBe(false);
    expect(fits({ path: 'name', endsWith: 'end' }, document)).toBe(true);
    expect(fits({ path: 'name', regex: '(?i)^zO. .\\n' }, document)).toBe(true);
    expect(fits({ path: 'name', regex: '^end' }, document)).toBe(false);
    expect(fits({ path: 'numbers', regex: '1' }, document)).toBe(false);
    expect(fits({ path: 'numbers', startsWith: '1' }, document)).toBe(false);
  });

  it('match in linear time, whatever the pattern', () => {
    // A backtracking engine would not end on these within the test.
    const text = makeDocument({ text: `${'a'.repeat(50_000)}!` });
    for (const regex of ['^(a+)+$', '^(a|aa)+$', '(x+x+)+y', '^(a?){30}a{30}$']) {
      expect(fits({ path: 'text', regex }, text)).toBe(false);
    }
  });
});

describe('any key', () => {
  const keys = [
    '"',
    "'",
    '`',
    '\\',
    '"];throw 1;//',
    '${',
    '*/',
    '\n',
    '\u2028',
    '\u0000',
    'é 😀',
    '\ud800',
    ' ',
    'v',
    'c0',
  ];

  it('is only ever a key', () => {
    for (const [index, key] of keys.entries()) {
      const document = makeDocument({ [key]: index, outer: { [key]: { [key]: 'x' } }, list: [{ [key]: true }] });
      const at = (...path: string[]) => formatPath(bodyPath(path));
      expect(fits({ path: at(key), eq: index }, document)).toBe(true);
      expect(fits({ path: at(key), gt: index }, document)).toBe(false);
      expect(fits({ path: at('outer', key, key), startsWith: 'x' }, document)).toBe(true);
      expect(fits({ path: at('list', key), eq: true }, document)).toBe(true);
      expect(fits({ match: { [key]: index } }, document)).toBe(true);
      expect(fits({ match: { [key]: key } }, document)).toBe(false);
    }
  });

  it('may stand on a path as long as a path may be', () => {
    let body: JsonObject = { a: 1 };
    for (let depth = 1; depth < 200; depth++) {
      const path = Array.from({ length: depth }, () => 'a').join('.');
      expect(fits({ path, eq: 1 }, makeDocument(body))).toBe(true);
      expect(fits({ match: { [path]: 1 } }, makeDocument(body))).toBe(true);
      expect(fits({ path: `${path}.a`, exists: true }, makeDocument(body))).toBe(false);
      body = { a: body };
    }
    expect(fits({ path: Array.from({ length: pathKeysMax }, () => 'a').join('.'), eq: 1 }, makeDocument(body))).toBe(
      false,
    );
  });

  it('looks once below each value, where keys of digits mean an index and a key at each of many levels', () => {
    let nested: JsonValue = 5;
    for (let level = 0; level < 200; level++) nested = [{ 0: nested }];
    const document = makeDocument({ a: nested });
    const path = (keys: number) => `a${'.0'.repeat(keys)}`;
    // There are more ways down to each of these than there are atoms.
    expect(fits({ path: path(300), eq: 5 }, document)).toBe(true);
    expect(fits({ path: path(300), eq: 6 }, document)).toBe(false);
    expect(fits({ path: path(300), exists: true }, document)).toBe(true);
    expect(fits({ path: path(401), exists: true }, document)).toBe(false);
    const order = compileOrder([{ path: parsePath(path(300), 'path'), direction: 'DESC' }]);
    expect(order(document, makeDocument({ a: 6 }))).toBeLessThan(0); // not null: a list or a number
    expect(order(document, document)).toBe(0);
    const keys = new IndexKeys([parsePath(path(300), 'path')]);
    expect(keys.of(document)).toContain(5);
    expect(keys.unique(document)).toContain(5);
  });

  it('may stand in a filter of any number of parts', () => {
    const or = Array.from({ length: 400 }, (_, index): FilterInput => ({ path: `k${index}.b`, gte: 5 }));
    for (const index of [0, 60, 399]) {
      expect(fits({ or }, makeDocument({ [`k${index}`]: { b: 5 } }))).toBe(true);
      expect(fits({ or }, makeDocument({ [`k${index}`]: { b: 4 } }))).toBe(false);
      expect(fits({ or }, makeDocument({ [`k${index}`]: [{ b: [6] }] }))).toBe(true);
    }
  });

  it('serves other operands when its filter comes again', () => {
    for (let operand = 0; operand < 1_000; operand++) {
      const filter = { path: `key${operand % 700}`, eq: operand };
      expect(fits(filter, makeDocument({ [`key${operand % 700}`]: operand }))).toBe(true);
      expect(fits(filter, makeDocument({ [`key${operand % 700}`]: operand + 1 }))).toBe(false);
    }
  });
});

describe('keys that every object inherits', () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__'];

  it('are missing where a document does not have them', () => {
    for (const name of names) {
      for (const path of [name, `${name}.name`, `a.${name}`, `a.${name}.name`]) {
        const document = makeDocument({ a: {} });
        expect(fits({ path, exists: true }, document)).toBe(false);
        expect(fits({ path, eq: null }, document)).toBe(true);
        expect(fits({ path, type: 'OBJECT' }, document)).toBe(false);
        expect(fits({ match: { [path]: {} } }, document)).toBe(false);
      }
    }
  });

  it('are found where a document has them', () => {
    for (const name of names) {
      const document = parsed(`{"${name}": 5, "a": {"${name}": {"x": 6}}, "list": [{"${name}": 7}]}`);
      expect(fits({ path: name, eq: 5 }, document)).toBe(true);
      expect(fits({ path: name, gt: 4 }, document)).toBe(true);
      expect(fits({ path: `a.${name}.x`, eq: 6 }, document)).toBe(true);
      expect(fits({ path: `list.${name}`, eq: 7 }, document)).toBe(true);
      expect(fits({ path: 'list', some: { path: name, eq: 7 } }, document)).toBe(true);
      expect(fits({ path: 'a', eq: parsed(`{"${name}": {"x": 6}}`).body }, document)).toBe(true);
      expect(fits({ path: 'a', eq: {} }, document)).toBe(false);
    }
  });

  it('are not the properties of strings and lists', () => {
    const document = makeDocument({ text: 'abc', list: ['x'] });
    expect(fits({ path: 'text.length', exists: true }, document)).toBe(false);
    expect(fits({ path: 'text.0', exists: true }, document)).toBe(false);
    expect(fits({ path: 'list.length', exists: true }, document)).toBe(false);
    expect(fits({ match: { 'list.length': 1 } }, document)).toBe(false);
    expect(fits({ match: { 'text.length': 3 } }, document)).toBe(false);
  });
});

describe("a document's own fields", () => {
  const document = makeDocument(
    { $name: 'a key', name: 'body' },
    {
      name: 'label',
      table: { id: '10000000-0000-7000-8000-000000000001', name: 'users' },
      version: 3,
      createdAt: Date.parse('2026-07-25T09:30:00.123Z'),
      archivedAt: null,
    },
  );

  it('are named by an unescaped $', () => {
    expect(fits({ path: '$id', startsWith: '00000000' }, document)).toBe(true);
    expect(fits({ path: '$name', eq: 'label' }, document)).toBe(true);
    expect(fits({ path: '$table', eq: 'users' }, document)).toBe(true);
    expect(fits({ path: '$version', gt: 2, lt: 4 }, document)).toBe(true);
    expect(fits({ path: '\\$name', eq: 'a key' }, document)).toBe(true);
  });

  it('compare times as moments, whatever offset and precision the client writes', () => {
    for (const eq of ['2026-07-25T09:30:00.123Z', '2026-07-25T12:30:00.123000+03:00', '2026-07-25t09:30:00.123z']) {
      expect(fits({ path: '$createdAt', eq }, document)).toBe(true);
      expect(fits({ path: '$createdAt', in: [eq] }, document)).toBe(true);
      expect(fits({ path: '$createdAt', ne: eq }, document)).toBe(false);
      expect(fits({ path: '$createdAt', gte: eq, lte: eq }, document)).toBe(true);
      expect(fits({ path: '$createdAt', gt: eq }, document)).toBe(false);
      expect(fits({ path: '$createdAt', lt: eq }, document)).toBe(false);
    }
    expect(fits({ path: '$createdAt', gt: '2026-07-25T09:30:00Z', lt: '2026-07-25T09:30:01Z' }, document)).toBe(true);
  });

  it('compare with a moment between two milliseconds exactly', () => {
    const after = '2026-07-25T09:30:00.1234Z';
    expect(fits({ path: '$createdAt', lt: after }, document)).toBe(true);
    expect(fits({ path: '$createdAt', lte: after }, document)).toBe(true);
    expect(fits({ path: '$createdAt', gt: after }, document)).toBe(false);
    expect(fits({ path: '$createdAt', gte: after }, document)).toBe(false);
    expect(fits({ path: '$createdAt', eq: after }, document)).toBe(false);
    const before = '2026-07-25T09:30:00.1229Z';
    expect(fits({ path: '$createdAt', gt: before }, document)).toBe(true);
    expect(fits({ path: '$createdAt', gte: before }, document)).toBe(true);
    expect(fits({ path: '$createdAt', lte: before }, document)).toBe(false);
  });

  it('hold null where it has not happened, which exists', () => {
    expect(fits({ path: '$archivedAt', eq: null }, document)).toBe(true);
    expect(fits({ path: '$archivedAt', exists: true }, document)).toBe(true);
    expect(fits({ path: '$archivedAt', type: 'NULL' }, document)).toBe(true);
    expect(fits({ path: '$createdAt', type: 'STRING' }, document)).toBe(true);
    expect(fits({ path: '$archivedAt', lt: '2030-01-01T00:00:00Z' }, document)).toBe(false);
    expect(fits({ path: '$createdAt', startsWith: '2026-07' }, document)).toBe(true);
  });
});
