import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CsvOptions } from '../../../src/cli/import/csv-header.ts';
import { CsvSource } from '../../../src/cli/import/csv-source.ts';
import { readItems } from '../../../src/cli/import/item-reader.ts';
import { JsonSource } from '../../../src/cli/import/json-source.ts';
import { LineSource } from '../../../src/cli/import/line-source.ts';
import { type ItemSource, itemBytesMax, SourceError } from '../../../src/cli/import/source-item.ts';

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Line and text of each item, with the input in pieces of `size` bytes. */
async function read(source: ItemSource, text: string | Buffer, size = 7): Promise<[number, string][]> {
  const found: [number, string][] = [];
  for await (const items of readItems(pieces(Buffer.from(text), size), source)) {
    for (const { line, text: item, value } of items)
      found.push([line, value === null ? `${item}` : JSON.stringify(value)]);
  }
  return found;
}

async function refusal(source: ItemSource, text: string | Buffer): Promise<[number, string]> {
  const error = await read(source, text).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof SourceError) return [error.line, error.message];
  throw new Error('it was read', { cause: error });
}

describe('lines', () => {
  test('are counted as they stand, empty ones too, with either line end and without the last', async () => {
    expect(await read(new LineSource(), '{"a":1}\r\n\n  \t\n{"b":"x\\n"}\nnot json\n{"c":3}')).toEqual([
      [1, '{"a":1}'],
      [4, '{"b":"x\\n"}'],
      [5, 'not json'],
      [6, '{"c":3}'],
    ]);
  });

  test('one that is too long is told by its beginning, and costs no other', async () => {
    const long = Buffer.alloc(itemBytesMax + 10, 'x');
    const items = [];
    const text = Buffer.concat([Buffer.from('{"a":1}\n'), long, Buffer.from('\n{"b":2}\n')]);
    for await (const some of readItems(pieces(text, 1 << 20), new LineSource())) items.push(...some);
    expect(items.map(({ line, problem }) => [line, problem === null])).toEqual([
      [1, true],
      [2, false],
      [3, true],
    ]);
    expect(items[1]?.text.length).toBeLessThan(2000);
  });
});

describe('JSON', () => {
  test.each([1, 2, 3, 7, 1000])('a list is told apart in pieces of %i bytes', async (size) => {
    const text = '[{"a":"]},{\\"["},\n {"b":[1,{"c":2}]}\n,\n3,"x,]",null , [] ]\n';
    expect(await read(new JsonSource(), text, size)).toEqual([
      [1, '{"a":"]},{\\"["}'],
      [2, '{"b":[1,{"c":2}]}'],
      [4, '3'],
      [4, '"x,]"'],
      [4, 'null'],
      [4, '[]'],
    ]);
  });

  test('values one behind the other, with or without space between', async () => {
    expect(await read(new JsonSource(), '{"a":1}{"b":2}\n\n{"c":3} 4\n"five"')).toEqual([
      [1, '{"a":1}'],
      [1, '{"b":2}'],
      [3, '{"c":3}'],
      [3, '4'],
      [4, '"five"'],
    ]);
  });

  test('whatever a list holds, its elements come back, in pieces of any size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.json()),
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        async (values, size, spaced) => {
          const text = `[${values.join(spaced ? ' ,\n ' : ',')}]`;
          const found = await read(new JsonSource(), text, size);
          expect(found.map(([, item]) => JSON.parse(item))).toEqual(values.map((value) => JSON.parse(value)));
        },
      ),
    );
  });

  test.each([
    ['[{"a":1}', 1, '] is missing'],
    ['[{"a":1},\n{"a":', 2, 'ends inside an element'],
    ['[{"a":1}\n{"a":2}]', 2, 'comma is missing'],
    ['[{"a":1},]', 1, '] where an element is due'],
    ['[,{"a":1}]', 1, 'a comma where an element is due'],
    ['[]\n\nx', 3, 'something follows the list'],
    ['{"a":1},{"a":2}', 1, 'a comma where an element is due'],
    ['\ufeff[{"a":1}]', 1, 'byte-order mark'],
  ])('%j is refused', async (text, line, reason) => {
    expect(await refusal(new JsonSource(), text)).toEqual([line, expect.stringContaining(reason)]);
  });
});

describe('CSV', () => {
  const strings: CsvOptions = { types: 'strings', nested: false, ignoreBlanks: false };

  test('cells in quotation marks may hold commas, marks and line ends, and lines are those of the file', async () => {
    const text = '\ufeffname,text\r\n"Al, ""x""","two\r\nlines"\r\n\r\nBob,\r\n';
    expect(await read(new CsvSource(strings), text, 3)).toEqual([
      [2, JSON.stringify({ name: 'Al, "x"', text: 'two\r\nlines' })],
      [5, JSON.stringify({ name: 'Bob', text: '' })],
    ]);
  });

  test('with types, what is JSON is that, and everything else a string', async () => {
    const text = 'a,b,c,d,e,f\n12345678901234567890,true,null,"[1, ""x""]",01,2.50\n-1e3,True,,{},1 2,1e999\n';
    const source = new CsvSource({ ...strings, types: 'json' });
    const items = [];
    for await (const some of readItems(pieces(Buffer.from(text), 5), source)) items.push(...some);
    expect(items.map(({ value }) => value)).toEqual([
      { a: 12345678901234567890n, b: true, c: null, d: [1, 'x'], e: '01', f: 2.5 },
      { a: -1000, b: 'True', c: '', d: {}, e: '1 2', f: '1e999' },
    ]);
  });

  test('nested headers make objects, and blanks no members', async () => {
    const source = new CsvSource({ types: 'strings', nested: true, ignoreBlanks: true });
    const text = 'address.city,address.zip,a\\.b,__proto__.x\nKyiv,,1,2\n,,,\n';
    expect(await read(source, text)).toEqual([
      [2, '{"address":{"city":"Kyiv"},"a.b":"1","__proto__":{"x":"2"}}'],
      [3, '{}'],
    ]);
  });

  test.each([
    ['a,a\n1,2\n', 1, "'a' of the header is there twice", false],
    ['a,a.b\n1,2\n', 1, "'a.b' of the header", true],
    ['a,b\n1,"x"y\n', 2, 'Invalid Closing Quote', false],
    ['a,b\n\n1,"x\n', 3, 'Quote Not Closed', false],
  ])('%j is refused', async (text, line, reason, nested) => {
    expect(await refusal(new CsvSource({ ...strings, nested }), text)).toEqual([line, expect.stringContaining(reason)]);
  });

  test('bytes that are not UTF-8 are refused, and nothing is put in their place', async () => {
    const text = Buffer.concat([Buffer.from('a\n1\n'), Buffer.from([0xe9, 0x0a])]);
    const [, message] = await refusal(new CsvSource(strings), text);
    expect(message).toContain('iconv');
  });

  test('a record with another number of cells costs no other', async () => {
    const items = [];
    for await (const some of readItems(pieces(Buffer.from('a,b\n1\n1,2\n1,2,3\n'), 4), new CsvSource(strings)))
      items.push(...some);
    expect(items.map(({ line, problem }) => [line, problem])).toEqual([
      [2, '1 cell where the header has 2'],
      [3, null],
      [4, '3 cells where the header has 2'],
    ]);
  });
});
