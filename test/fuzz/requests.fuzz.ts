import { expect, test } from 'vitest';
import { send } from '../support/http-client.ts';
import { checkDocumentIsKept } from './document-model.ts';
import { fuzzRequest } from './fuzz-request.ts';
import { FuzzRun, type FuzzTarget, readFuzzSettings } from './fuzz-run.ts';
import { WatchedServer } from './watched-server.ts';

/** What is random on REST and GraphQL, a part of it right and a part of it not: nothing of it may harm the server, or its other clients. */

test('requests made at random from the grammars of REST and GraphQL', { timeout: 3_600_000 }, async () => {
  await using server = await WatchedServer.start(['--self-destruct', 'allowed']);
  const target: FuzzTarget = {
    file: 'test/fuzz/requests.fuzz.ts',
    port: server.port,
    request: fuzzRequest,
    probe: (seed, index) => checkDocumentIsKept(server.url, seed, index),
    sweep: () => dropEverything(server.url),
  };
  const run = new FuzzRun(target, readFuzzSettings(0.75));
  await run.finished();
  await server.expectUnharmed(run.summary());
  expect.soft(run.failures).toEqual([]);
  run.expectVariety([200, 204, 400, 403, 404, 405, 406, 409, 415, 422], 0.3);
});

async function dropEverything(url: string): Promise<void> {
  const body = { verification_phrase: 'BDaray', safety_pin: new Date().getUTCFullYear() + 1, confirm: true };
  const { status, text } = await send(`${url}/system/self-destruct`, { method: 'DELETE', body });
  if (status !== 200) throw new Error(`Everything could not be dropped: ${status} ${text}`);
}
