import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exitCodes } from '../../../src/cli/exit-code.ts';
import { ServerProcess } from '../../process/server-process.ts';
import { send } from '../../support/http-client.ts';
import { yaradb } from '../data-fixture.ts';
import { CrookedWay } from './crooked-way.ts';
import { ImportFixture, manyItems } from './import-fixture.ts';

let fixture: ImportFixture;
beforeAll(async () => {
  fixture = await ImportFixture.start();
});
afterAll(() => fixture[Symbol.asyncDispose]());

const id = (last: number): string => `0190a000-0000-7000-8000-${String(last).padStart(12, '0')}`;

describe('import', () => {
  test('of NDJSON makes a document of each line, in order, in a table that is made', async () => {
    const path = fixture.write('people.ndjson', manyItems(2500));
    const ending = await fixture.run('import', path, '--table', 'people');
    expect([ending.code, ending.stderr]).toEqual([0, '']);
    expect(ending.stdout).toMatch(/^imported: 2500 documents in [\d.]+ s \(\d+ a second\)\n$/);
    const documents = await fixture.documents('people');
    expect(documents.map(({ body }) => body)).toEqual(Array.from({ length: 2500 }, (_, number) => ({ number })));
    expect(new Set(documents.map(({ name, version }) => `${name} ${version}`))).toEqual(new Set(['people 1']));
  });

  test.each([
    ['list.json', '[\n {"a": 1},\n {"b": [1, 2]}\n]\n', [], [{ a: 1 }, { b: [1, 2] }]],
    [
      'rows.csv',
      'a,b\n1,x\n2,"y, z"\n',
      [],
      [
        { a: '1', b: 'x' },
        { a: '2', b: 'y, z' },
      ],
    ],
    ['types.csv', 'a.b,c\n1,true\n', ['--types', 'json', '--nested'], [{ a: { b: 1 }, c: true }]],
    ['lines.txt', '{"a":1}\n', ['--format', 'ndjson'], [{ a: 1 }]],
    ['none.ndjson', '', [], []],
  ])('of %s', async (name, content, flags, bodies) => {
    const { ending, summary } = await fixture.import(fixture.write(name, content), '--table', name, ...flags);
    expect([ending.code, ending.stderr, summary.created]).toEqual([0, '', bodies.length]);
    expect(await fixture.bodies(name)).toEqual(bodies);
  });

  test('keeps what JSON says exactly', async () => {
    const line = '{"big":123456789012345678901234567890,"__proto__":{"x":1},"a\\u0000b":"\\ud83d\\ude00","f":0.1}';
    expect((await fixture.import(fixture.write('exact.ndjson', line), '--table', 'exact')).summary.created).toBe(1);
    const text = await fixture.text('exact');
    expect(text).toContain('{"big":123456789012345678901234567890,"__proto__":{"x":1},"a\\u0000b":"😀","f":0.1}');
  });

  test('tells each item that is refused with its line, and writes it where it can be mended and imported again', async () => {
    const bad = [
      'not json',
      '{"a":1,"a":2}',
      '[1]',
      '{"s":"\\ud800"}',
      '{"n":1e999}',
      '{"deep":{"x":1,}}',
      '\ufeff{"a":1}',
    ];
    const path = fixture.write('mixed.ndjson', bad.map((line, number) => `{"good":${number}}\n${line}\n`).join(''));
    const errors = fixture.folder.join('refused.ndjson');
    const { ending, summary } = await fixture.import(path, '--table', 'mixed', '--errors', errors);
    expect(ending.code).toBe(exitCodes.refusedSome);
    expect([summary.created, summary.refused]).toEqual([bad.length, bad.length]);
    expect(summary.refusals.map(({ line, path: where }) => [line, where])).toEqual([
      [2, ''],
      [4, 'a'],
      [6, ''],
      [8, 's'],
      [10, 'n'],
      [12, 'deep'],
      [14, ''],
    ]);
    expect(ending.stderr).toContain(`${path}:4: `);
    expect(ending.stderr).toContain('the key "a" comes twice');
    expect(readFileSync(errors, 'utf8')).toBe(`${bad.join('\n')}\n`);
    expect((await fixture.bodies('mixed')).length).toBe(bad.length);
    const mended = fixture.write('mended.ndjson', readFileSync(errors, 'utf8').replace('not json', '{"mended":true}'));
    expect((await fixture.import(mended, '--table', 'mixed')).summary.created).toBe(1);
  });

  test('tells them in the order of the lines, however many stand between them', async () => {
    const broken = new Map([
      [10, '{"a":1,"a":2}'],
      [1500, '{"a":01}'],
      [1700, '{"a":1'],
      [1701, '{"a":"\\ud800"}'],
      [3500, '{"a" 1}'],
      [3501, '{"a":1e999}'],
      [4800, '[1]'],
    ]);
    const lines = Array.from({ length: 5000 }, (_, index) => broken.get(index + 1) ?? `{"line":${index + 1}}`);
    const { summary } = await fixture.import(fixture.write('far.ndjson', lines.join('\n')), '--table', 'far');
    expect([summary.created, summary.refused]).toEqual([lines.length - broken.size, broken.size]);
    expect(summary.refusals.map(({ line }) => line)).toEqual([...broken.keys()]);
    const kept = lines.filter((_, index) => !broken.has(index + 1)).map((line) => JSON.parse(line));
    expect(await fixture.bodies('far')).toEqual(kept);
  });

  test('makes documents in the order of the lines, though requests overtake each other on their way', async () => {
    await using way = await CrookedWay.to(fixture.url);
    const path = fixture.write('crooked.ndjson', manyItems(8000));
    const ending = await yaradb('import', path, '--table', 'crooked', '--url', way.url);
    expect([ending.code, ending.stderr]).toEqual([0, '']);
    expect(way.statuses).toContain(404);
    expect(await fixture.bodies('crooked')).toEqual(Array.from({ length: 8000 }, (_, number) => ({ number })));
  });

  test('makes one document of a line or none, whatever it would mean among the others', async () => {
    const more = `{"op":"create","doc_id":"${id(666)}","table_name":"smuggled","body":{"x":1}`;
    // By itself: beside lines that are broken for all to see every line is looked at.
    const alone = fixture.write('alone.ndjson', `{"good":0}\n{"x":1}},${more}\n`);
    expect((await fixture.import(alone, '--table', 'apart')).summary).toMatchObject({ created: 1, refused: 1 });
    const bad = ['{"x":"', '"}', '{"x":[', ']}', '{"x":1]}', '{"x":[1}', '{"x":1}}', '{"x":{"y":1}', '{"\\"}'];
    const lines = bad.map((line, number) => `{"good":${number + 1}}\n${line}\n`);
    const { summary } = await fixture.import(fixture.write('apart.ndjson', lines.join('')), '--table', 'apart');
    expect(summary.refusals.map(({ line }) => line)).toEqual(bad.map((_, number) => number * 2 + 2));
    expect(await fixture.bodies('apart')).toEqual(Array.from({ length: bad.length + 1 }, (_, good) => ({ good })));
    expect(await fixture.bodies('smuggled')).toEqual([]);
  });

  test('writes refused records of CSV under the header, and elements of a list on one line each', async () => {
    const errors = fixture.folder.join('refused.csv');
    const csv = fixture.write('short.csv', 'a,b\n1,2\n"x\ny"\n3,4\nlast\n');
    expect(
      (await fixture.import(csv, '--table', 'short', '--errors', errors)).summary.refusals.map(({ line }) => line),
    ).toEqual([3, 6]);
    expect(readFileSync(errors, 'utf8')).toBe('a,b\n"x\ny"\nlast\n');
    const list = fixture.write('list-of-some.json', '[{"a":1},\n{"b":\n2,}]');
    expect((await fixture.import(list, '--table', 'short', '--errors', errors)).summary.refusals).toEqual([
      expect.objectContaining({ line: 2, reason: expect.stringContaining('at line 3, column 3') }),
    ]);
    expect(readFileSync(errors, 'utf8')).toBe('{"b": 2,}\n');
  });

  test('leaves out what does not fit the table, wherever it stands, and nothing else', async () => {
    const schema = { type: 'object', properties: { n: { type: 'number' } } };
    await fixture.post('/table/create', {
      name: 'strict',
      mode: 'strict',
      schema_definition: schema,
      unique_fields: ['n'],
    });
    const wrong = new Set([0, 1, 2, 500, 777, 778, 1999]);
    const lines = manyItems(2000, (n) => (wrong.has(n) ? { n: 'x' } : { n: n === 1500 ? 3 : n }));
    const { summary } = await fixture.import(fixture.write('strict.ndjson', lines), '--table', 'strict');
    expect([summary.created, summary.refused]).toEqual([2000 - wrong.size - 1, wrong.size + 1]);
    expect(summary.refusals.map(({ line, code }) => [line, code]).sort(([a], [b]) => Number(a) - Number(b))).toEqual([
      [1, 'SCHEMA_VIOLATION'],
      [2, 'SCHEMA_VIOLATION'],
      [3, 'SCHEMA_VIOLATION'],
      [501, 'SCHEMA_VIOLATION'],
      [778, 'SCHEMA_VIOLATION'],
      [779, 'SCHEMA_VIOLATION'],
      [1501, 'UNIQUE_VIOLATION'],
      [2000, 'SCHEMA_VIOLATION'],
    ]);
    expect((await fixture.documents('strict')).length).toBe(summary.created);
  });

  test('stops where no item could get in', async () => {
    await fixture.post('/table/create', { name: 'closed', read_only: true });
    const ending = await fixture.run('import', fixture.write('closed.ndjson', manyItems(900)), '--table', 'closed');
    expect(ending.code).toBe(exitCodes.noServer);
    expect(ending.stderr).toMatch(/^yaradb: the server refuses: Table 'closed' is read-only[^\n]*\n$/);
  });
});

describe('ids', () => {
  test('follow from the file, the table and the key: what is there already is not made again', async () => {
    const path = fixture.write('twice.ndjson', `${manyItems(1200, () => ({ same: true }))}`);
    const flags = ['--table', 'twice'];
    expect((await fixture.import(path, ...flags)).summary).toMatchObject({ created: 1200, present: 0 });
    expect((await fixture.import(path, ...flags)).summary).toMatchObject({ created: 0, present: 1200 });
    const copy = fixture.write('copy.ndjson', readFileSync(path));
    expect((await fixture.import(copy, ...flags)).summary).toMatchObject({ created: 0, present: 1200 });
    const longer = fixture.write('longer.ndjson', `${readFileSync(path)}{"one":"more"}\n`);
    expect((await fixture.import(longer, ...flags)).summary).toMatchObject({ created: 1201, present: 0 });
    expect((await fixture.import(path, '--table', 'elsewhere')).summary).toMatchObject({ created: 1200, present: 0 });
    expect((await fixture.import(path, ...flags, '--key', 'again')).summary).toMatchObject({
      created: 1200,
      present: 0,
    });
    expect((await fixture.documents('twice')).length).toBe(3601);
  });

  test('may be brought by the items, which are then compared with what is there', async () => {
    const path = fixture.write(
      'ids.csv',
      `key,kind,n\n${id(1)},one,1\n${id(2)},two,2\nno-id,three,3\n${id(1)},one,9\n`,
    );
    const flags = ['--table', 'ids', '--id-field', 'key', '--name-field', 'kind'];
    const first = await fixture.import(path, ...flags);
    expect(first.summary).toMatchObject({ created: 2, refused: 2 });
    expect(first.summary.refusals.map(({ line, code }) => [line, code])).toEqual([
      [4, 'INVALID_ARGUMENT'],
      [5, 'ALREADY_EXISTS'],
    ]);
    expect((await fixture.documents('ids')).map(({ _id, name, body }) => [_id, name, body])).toEqual([
      [id(1), 'one', { n: '1' }],
      [id(2), 'two', { n: '2' }],
    ]);
    expect((await fixture.import(path, ...flags)).summary).toMatchObject({ created: 0, present: 2, refused: 2 });
  });

  test('with upsert, bodies are replaced where they differ, and archived documents come back', async () => {
    const lines = (version: string) => [11, 12, 13].map((last) => JSON.stringify({ id: id(last), version })).join('\n');
    const flags = ['--table', 'upsert', '--id-field', 'id', '--mode', 'upsert'];
    expect((await fixture.import(fixture.write('one.ndjson', lines('one')), ...flags)).summary).toMatchObject({
      created: 3,
    });
    await send(`${fixture.url}/document/archive/${id(12)}`, { method: 'PUT' });
    const two = `${lines('two')}\n{"id":"${id(14)}","version":"two"}\n{"id":"${id(14)}","version":"three"}`;
    const second = await fixture.import(fixture.write('two.ndjson', two), ...flags);
    expect(second.summary).toMatchObject({ created: 1, updated: 4, present: 0, refused: 0 });
    expect((await fixture.import(fixture.write('two.ndjson', lines('two')), ...flags)).summary).toMatchObject({
      present: 3,
    });
    expect(
      (await fixture.documents('upsert')).map(({ body, version, archived_at }) => [body, version, archived_at]),
    ).toEqual([
      [{ version: 'two' }, 2, null],
      [{ version: 'two' }, 4, null],
      [{ version: 'two' }, 2, null],
      [{ version: 'three' }, 2, null],
    ]);
  });
});

describe('an import that was interrupted', () => {
  const count = 40_000;
  const lines = manyItems(count, (number) => ({ number, text: 'x'.repeat(100) }));
  const numbers = (bodies: readonly unknown[]) => bodies.map((body) => (body as { readonly number: number }).number);
  const all = Array.from({ length: count }, (_, number) => number);

  test('by its end goes on when it is begun again, and neither doubles nor misses a document', async () => {
    const path = fixture.write('killed.ndjson', lines);
    const client = new ServerProcess(['import', path, '--table', 'killed', '--url', fixture.url]);
    while ((await fixture.documents('killed')).length === 0);
    client.kill('SIGKILL');
    await client.ended;
    const before = (await fixture.documents('killed')).length;
    expect(before).toBeLessThan(count);
    const { summary } = await fixture.import(path, '--table', 'killed');
    expect(summary.created + summary.present).toBe(count);
    expect(summary.present).toBeGreaterThanOrEqual(before);
    expect(numbers(await fixture.bodies('killed'))).toEqual(all);
  });

  test('by the end of the server says what to do, and goes on with the next one', async () => {
    await using first = await ImportFixture.start();
    const path = first.write('crashed.ndjson', lines);
    const client = new ServerProcess(['import', path, '--table', 'crashed', '--url', first.url]);
    while ((await first.documents('crashed')).length === 0);
    first.kill('SIGKILL');
    await first.ended;
    const ending = await client.ended;
    expect(ending.code).toBe(exitCodes.noServer);
    expect(ending.stderr).toMatch(/^yaradb: the server at \S+ .*Run the same command again to go on\.\n$/);
    const port = new URL(first.url).port;
    await using server = new ServerProcess(['serve', '--port', port, '--data-dir', first.folder.join('data')]);
    await server.ready();
    const { summary } = await first.import(path, '--table', 'crashed');
    expect(summary.created + summary.present).toBe(count);
    expect(summary.present).toBeGreaterThan(0);
    expect(numbers(await first.bodies('crashed'))).toEqual(all);
  });
});

describe('standard input', () => {
  const program = new URL('../../../src/cli/main.ts', import.meta.url).pathname;
  const piped = (command: string) =>
    promisify(execFile)(
      'bash',
      ['-o', 'pipefail', '-c', command.replaceAll('yaradb', `${process.execPath} ${program}`)],
      {
        cwd: fixture.folder.path,
        env: { ...process.env, YARADB_PORT: new URL(fixture.url).port },
      },
    );

  test('is imported as it comes, once more without a key, and goes on with one', async () => {
    fixture.write('piped.txt', manyItems(1500));
    const command = 'cat piped.txt | yaradb import - --format ndjson --table piped --json';
    const created = async (flags = ''): Promise<number> => JSON.parse((await piped(command + flags)).stdout).created;
    expect([await created(), await created()]).toEqual([1500, 1500]);
    expect([await created(' --key monday'), await created(' --key monday')]).toEqual([1500, 0]);
    expect((await fixture.documents('piped')).length).toBe(4500);
  });

  test('that cannot be read further is told with its line, after what came before it was imported', async () => {
    fixture.write('mark.txt', 'a\n1\n2\n3"\n4\n');
    const failure = piped('cat mark.txt | yaradb import - --format csv --table mark');
    await expect(failure).rejects.toMatchObject({
      code: exitCodes.usage,
      stderr: expect.stringMatching(
        /^yaradb: standard input:4: .*2 documents from before that are in the database\.\n$/,
      ),
    });
    expect(await fixture.bodies('mark')).toEqual([{ a: '1' }, { a: '2' }]);
  });

  test('that is cut off is told, after what came before it was imported', async () => {
    const failure = piped(`echo '{"a":1}{"a":2}{"a"' | yaradb import - --format json --table cut`);
    await expect(failure).rejects.toMatchObject({ code: exitCodes.refusedSome });
    expect(await fixture.bodies('cut')).toEqual([{ a: 1 }, { a: 2 }]);
  });
});

describe('limits', () => {
  test('of the server are kept by smaller requests, and what alone is beyond them is refused', async () => {
    await using small = await ImportFixture.start('--body-bytes-max', '64KiB', '--operations-max', '50');
    const lines = manyItems(600, (number) => ({ number, text: 'x'.repeat(number === 300 ? 70_000 : 500) }));
    const { summary } = await small.import(small.write('large.ndjson', lines), '--table', 'large');
    expect(summary).toMatchObject({ created: 599, refused: 1 });
    expect(summary.refusals).toEqual([expect.objectContaining({ line: 301, code: 'PAYLOAD_TOO_LARGE' })]);
    expect((await small.documents('large')).length).toBe(599);
  });

  test('of memory do not depend on how long the file is', async () => {
    const element = JSON.stringify({ text: 'x'.repeat(300_000) });
    const path = fixture.write('long.json', `[${Array.from({ length: 120 }, () => element).join(',')}]`);
    const environment = { NODE_OPTIONS: '--max-old-space-size=24' };
    const ending = await new ServerProcess(['import', path, '--table', 'long', '--url', fixture.url], environment)
      .ended;
    expect([ending.code, ending.stderr]).toEqual([0, '']);
    expect((await fixture.documents('long')).length).toBe(120);
  });
});

describe('is refused, with one line that says why:', () => {
  const lineOf = (text: string) => expect.stringMatching(new RegExp(`^yaradb: [^\\n]*${text}[^\\n]*\\n$`));

  test.each([
    ['a file that is not there', ['missing.ndjson'], 'cannot be read'],
    ['a name that does not tell the format', ['people.txt'], '--format ndjson\\|json\\|csv'],
    ['a flag of CSV for another format', ['x.ndjson', '--nested'], '--nested is for CSV alone'],
    [
      '--accept-hash-mismatch without --legacy',
      ['x.ndjson', '--accept-hash-mismatch'],
      'means nothing without --legacy',
    ],
    ['--table beside --legacy', ['--legacy', 'd', '--table', 't'], 'means nothing beside --legacy'],
    ['--id-field beside --documents', ['x.ndjson', '--documents', '--id-field', 'i'], 'beside --documents'],
    ['no file', [], 'FILE is missing'],
  ])('%s', async (_, args, reason) => {
    const ending = await fixture.run('import', ...args);
    expect([ending.code, ending.stderr]).toEqual([exitCodes.usage, lineOf(reason)]);
  });

  test('a file that is not what its format says, before anything is written', async () => {
    const list = fixture.write('half.json', `[${manyItems(1500).trim().split('\n').join(',')}`);
    const ending = await fixture.run('import', list, '--table', 'half');
    expect([ending.code, ending.stderr]).toEqual([exitCodes.usage, lineOf('] is missing. Nothing was imported')]);
    expect(await fixture.documents('half')).toEqual([]);
  });

  test('--errors that names the input', async () => {
    const path = fixture.write('itself.ndjson', '{"a":1}\nx\n');
    const ending = await fixture.run('import', path, '--errors', path);
    expect([ending.code, ending.stderr]).toEqual([exitCodes.usage, lineOf('--errors names the file that is imported')]);
    expect(readFileSync(path, 'utf8')).toBe('{"a":1}\nx\n');
  });

  test('no server', async () => {
    const path = fixture.write('nowhere.ndjson', '{"a":1}\n');
    const ending = await new ServerProcess(['import', path, '--url', 'http://127.0.0.1:1']).ended;
    expect([ending.code, ending.stderr]).toEqual([exitCodes.noServer, lineOf('no server listens there')]);
  });
});
