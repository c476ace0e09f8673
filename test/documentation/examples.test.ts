import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { writeLegacy2 } from '../cli/legacy/legacy-fixture.ts';
import { startServer } from '../process/server-process.ts';
import { documents } from './markdown-document.ts';
import { Workplace } from './workplace.ts';

/** What is not run here, and what runs it. */
const elsewhere: readonly (readonly [block: RegExp, where: string])[] = [
  [/admin\.token|^kill -HUP|\nkill -HUP/, 'test/documentation/network.test.ts'],
  [/^npm install && npm start\n$/, 'a fresh clone; test/process/start.test.ts starts what it starts'],
  [/^npm install && npm test\n$/, 'this is it'],
  [/^docker compose /, 'test/cli/packaging.test.ts checks image and compose file, as far as that goes without Docker'],
  [/^npm start -- .*\n$|^openssl req /, 'test/documentation/access.test.ts'],
  [/https:\/\/127\.0\.0\.1/, 'test/documentation/access.test.ts'],
];

function isRunHere(block: string): boolean {
  return !elsewhere.some(([pattern]) => pattern.test(block));
}

const withExamples = documents.filter(({ shellBlocks }) => shellBlocks.some(isRunHere));

describe.each(withExamples.map((document) => [document.path, document] as const))('%s', (_path, { shellBlocks }) => {
  test('every example can be pasted, in order, and succeeds', async () => {
    using workplace = new Workplace();
    const { server, url } = await startServer(workplace.dataDirectory);
    await using _ = server;
    for (const name of ['a', 'b', 'c']) {
      const headers = { 'content-type': 'application/json' };
      const body = JSON.stringify({ name, body: {} });
      expect((await fetch(`${url}/document/create`, { method: 'POST', headers, body })).status).toBe(200);
    }
    // What a Python YaraDB has left behind.
    writeLegacy2(join(workplace.directory, 'old_data'), [
      { id: 'a1b2c3d4-0000-4000-8000-000000000001', body: '{"n": 1}' },
    ]);
    for (const block of shellBlocks.filter(isRunHere)) {
      const { stdout, stderr } = await workplace.paste(block, url);
      expect([block, stdout, stderr]).toEqual([block, expect.stringMatching(/\S/), '']);
      expect(stdout).not.toContain('"errors"');
    }
  }, 120_000);
});

test('what is not run stands somewhere', () => {
  const blocks = documents.flatMap(({ shellBlocks }) => shellBlocks);
  expect(elsewhere.filter(([pattern]) => !blocks.some((block) => pattern.test(block)))).toEqual([]);
});

test('the guides have an example of every command', () => {
  const shellBlocks = documents.flatMap((document) => document.shellBlocks);
  const used = shellBlocks.flatMap((block) =>
    Array.from(block.matchAll(/npm run -s yaradb -- (\w+)/g), ([, name]) => name),
  );
  expect([...new Set(used)].sort()).toEqual([...commands.keys()].sort());
});
