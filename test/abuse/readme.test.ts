import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8');
/** A row without a case goes on with the one above it. */
const rows = [...readme.matchAll(/^\|(.*)\| `([^`|]+\.ts)`: ([^|]+) \|$/gm)];

/** Everything that a request can do, as the specification of durability and safety lists it. */
const cases = [
  'body over the limit (declared, chunked, compressed)',
  'nesting deeper than the limit in bodies, filters, queries',
  '`__proto__`, `constructor`, `toString` as keys, table names, paths, headers',
  'lone surrogate, invalid UTF-8, NUL, byte-order mark, 1e999, -0, 2^53+1, duplicate keys',
  'a regular expression that backtracks for ever elsewhere',
  'slow headers, slow body, slow reader, half-open, 10,000 connections',
  'mutation by GET, form, multipart; wrong content type; foreign Origin or Host',
  '10,000 aliases, doubled fragments, depth, circular fragments, batches, 20,000-deep literals',
  'path traversal in ids, names, archives given to restore',
];

test('the table of cases has all of them, in their order', () => {
  expect(rows.map(([, name = '']) => name.trim()).filter((name) => name !== '')).toEqual(cases);
});

test('every line of the table is one of a case and a test', () => {
  const lines = readme.split('\n').filter((line) => line.startsWith('|'));
  expect(lines.length - 2).toBe(rows.length);
});

test.each(rows.map(([, , file = '', name = '']) => [file, name]))('%s has a test: %s', (file, name) => {
  const source = readFileSync(new URL(file, import.meta.url), 'utf8');
  const titles = Array.from(source.matchAll(/(['"`])((?:(?!\1).)*)\1/g), ([, , title = '']) => title);
  expect(titles.filter((title) => title.includes(name))).not.toEqual([]);
});
