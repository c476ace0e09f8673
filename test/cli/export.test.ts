import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/cli/exit-code.ts';
import { ServerProcess } from '../process/server-process.ts';
import { answering } from '../support/answering-server.ts';
import { send } from '../support/http-client.ts';
import { ImportFixture, manyItems } from './import/import-fixture.ts';

let fixture: ImportFixture;
beforeAll(async () => {
  fixture = await ImportFixture.start();
  const exact = '{"n":1,"big":123456789012345678901234567890,"s":"a,\\"b\\"\\nc","l":[1,{"x":null}]}';
  await fixture.import(fixture.write('exact.ndjson', `${exact}\n{"n":2}\n`), '--table', 'exact', '--name', 'label');
  const [, second] = await fixture.documents('exact');
  await send(`${fixture.url}/document/archive/${second?._id}`, { method: 'PUT' });
  await fixture.import(
    fixture.write(
      'many.ndjson',
      manyItems(30_000, (n) => ({ n, text: 'x'.repeat(60) })),
    ),
    '--table',
    'many',
  );
});
afterAll(() => fixture[Symbol.asyncDispose]());

describe('export', () => {
  test('of a table is what was imported, byte for byte, in order', async () => {
    const path = fixture.folder.join('many-again.ndjson');
    const { code, stdout, stderr } = await fixture.run('export', path, '--table', 'many');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^exported: \S+ holds 30000 documents, [\d.]+ MiB\n$/);
    expect(digestOf(path)).toBe(digestOf(fixture.folder.join('many.ndjson')));
  });

  test('of bodies is exact, in either form of JSON, with archived documents when they are asked for', async () => {
    const lines = await fixture.run('export', '-', '--format', 'ndjson', '--table', 'exact');
    const body = '{"n":1,"big":123456789012345678901234567890,"s":"a,\\"b\\"\\nc","l":[1,{"x":null}]}';
    expect(lines.stdout).toBe(`${body}\n`);
    const list = await fixture.run('export', '-', '--format', 'json', '--table', 'exact', '--archived');
    expect(list.stdout).toBe(`[\n${body},\n{"n":2}\n]\n`);
    const found = await fixture.run(
      'export',
      '-',
      '--format',
      'json',
      '--table',
      'exact',
      '--query',
      '{"n":{"$gt":1}}',
    );
    expect(found.stdout).toBe('[\n]\n');
  });

  test('of CSV has the columns that are named, and can be read again', async () => {
    const path = fixture.folder.join('exact.csv');
    const fields = ['--fields', '$table,$name,$version,n,s,l.1,missing', '--archived'];
    expect((await fixture.run('export', path, '--table', 'exact', ...fields)).stderr).toBe('');
    expect(readFileSync(path, 'utf8')).toBe(
      '$table,$name,$version,n,s,l.1,missing\nexact,label,1,1,"a,""b""\nc","{""x"":null}",\nexact,label,2,2,,,\n',
    );
    const { summary } = await fixture.import(path, '--table', 'from-csv', '--types', 'json', '--ignore-blanks');
    expect(summary.created).toBe(2);
    expect(await fixture.bodies('from-csv')).toEqual([
      { $table: 'exact', $name: 'label', $version: 1, n: 1, s: 'a,"b"\nc', 'l.1': { x: null } },
      { $table: 'exact', $name: 'label', $version: 2, n: 2 },
    ]);
  });

  test('of whole documents makes the same ones in another database, archived ones too', async () => {
    const path = fixture.folder.join('documents.json');
    expect((await fixture.run('export', path, '--documents', '--archived')).code).toBe(0);
    await using other = await ImportFixture.start();
    const { summary } = await other.import(path, '--documents');
    expect(summary).toMatchObject({ created: 30_002 + (await fixture.documents('from-csv')).length, refused: 0 });
    const kept = (document: { readonly _id: string; readonly name: string; readonly archived_at: string | null }) => [
      document._id,
      document.name,
      document.archived_at === null,
    ];
    for (const table of ['exact', 'many']) {
      const byId = (a: readonly unknown[], b: readonly unknown[]) => (String(a[0]) < String(b[0]) ? -1 : 1);
      expect((await other.documents(table)).map(kept).sort(byId)).toEqual(
        (await fixture.documents(table)).map(kept).sort(byId),
      );
    }
    const bodyOf = (text: string) => text.match(/"body":.*?"body_hash":"\w+"/g);
    expect(bodyOf(await other.text('exact'))).toEqual(bodyOf(await fixture.text('exact')));
    expect((await other.import(path, '--documents')).summary).toMatchObject({ created: 0, refused: 0 });
  });

  test('is of one commit, while documents come in', async () => {
    const stop = new AbortController();
    const writer = (async () => {
      let commits = 0;
      while (!stop.signal.aborted) {
        await fixture.post(
          '/document/batch/create',
          Array.from({ length: 50 }, () => ({ table_name: 'pairs', body: { commits } })),
        );
        commits += 1;
      }
      return commits;
    })();
    while ((await fixture.documents('pairs')).length < 1000);
    const { stdout } = await fixture.run('export', '-', '--format', 'ndjson', '--table', 'pairs');
    stop.abort();
    await writer;
    const counts = new Map<number, number>();
    for (const line of stdout.trimEnd().split('\n')) {
      const { commits } = JSON.parse(line);
      counts.set(commits, (counts.get(commits) ?? 0) + 1);
    }
    expect(new Set(counts.values())).toEqual(new Set([50]));
    expect([...counts.keys()]).toEqual(Array.from(counts, (_, index) => index));
  });
});

describe('there is no file, and one line that says why, when', () => {
  const lineOf = (text: string) => expect.stringMatching(new RegExp(`^yaradb: [^\\n]*${text}[^\\n]*\\n$`));

  test.each([
    ['the table is not there', ['x.ndjson', '--table', 'no'], exitCodes.noServer, "Table 'no' not found"],
    ['the filter is none', ['x.ndjson', '--query', '{"a":{"$no":1}}'], exitCodes.noServer, 'no'],
    ['CSV has no columns', ['x.csv'], exitCodes.usage, 'CSV needs its columns'],
    ['a column is no path', ['x.csv', '--fields', '$no'], exitCodes.usage, "none of a document's own fields"],
    ['the format is not told', ['x'], exitCodes.usage, '--format ndjson\\|json\\|csv'],
  ])('%s', async (_, [name = '', ...flags], code, reason) => {
    const path = fixture.folder.join(name);
    const ending = await fixture.run('export', path, ...flags);
    expect([ending.code, ending.stderr]).toEqual([code, lineOf(reason)]);
    expect(readdirSync(fixture.folder.path).filter((found) => found.startsWith(name))).toEqual([]);
  });

  test('the server breaks off in the middle of the list', async () => {
    await using server = await answering((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('[{"_id":"a","body":{"a":1}},{"_id":', () => response.destroy());
    });
    const path = fixture.folder.join('broken.ndjson');
    const ending = await new ServerProcess(['export', path, '--url', server.url]).ended;
    expect([ending.code, ending.stderr]).toEqual([
      exitCodes.noServer,
      lineOf('broke off .*--view-ms-max.*There is no export'),
    ]);
    expect(readdirSync(fixture.folder.path).filter((name) => name.startsWith('broken'))).toEqual([]);
  });

  test('there is one already, which stays as it is', async () => {
    const path = fixture.write('here.ndjson', 'mine');
    const ending = await fixture.run('export', path);
    expect([ending.code, ending.stderr]).toEqual([exitCodes.usage, lineOf('is there already')]);
    expect(readFileSync(path, 'utf8')).toBe('mine');
    expect(existsSync(path)).toBe(true);
  });
});

function digestOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
