import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { send } from '../support/http-client.ts';
import { randomAt } from './fuzz-request.ts';
import { readFuzzSettings } from './fuzz-run.ts';
import { type LiveClient, readStream, sendFrames, talkOverWebSocket } from './live-session.ts';
import { audience, FuzzPrincipals, issuer, makeSigningKeys } from './principals.ts';
import { Secret, secretTable } from './secret.ts';
import { WatchedServer } from './watched-server.ts';

/** What goes on: WebSockets with messages in no order, streams of changes, and whoever leaves in the middle, while others write. */

const clients = 4;
const failuresMax = 5;

test('messages over WebSockets and requests for streams made at random', { timeout: 3_600_000 }, async () => {
  const keys = makeSigningKeys();
  const keySet = JSON.stringify({ keys: [keys.publicKey.export({ format: 'jwk' })] });
  await using server = await WatchedServer.start(
    [
      ...['--auth', 'required', '--auth-failures-max', '10000', '--jwks-file', './keys.json'],
      ...['--jwt-issuer', issuer, '--jwt-audience', audience, '--connection-operations-max', '5'],
    ],
    { 'keys.json': keySet },
    // A WebSocket is one, however much is said over it.
    500,
  );
  const file = readFileSync(join(server.dataDirectory, 'operator.json'), 'utf8');
  const operator = `Bearer ${(JSON.parse(file) as { readonly token: string }).token}`;
  const secret = await Secret.hiddenIn(server.url, operator);
  const principals = await FuzzPrincipals.over(server.url, operator, keys);
  const { seed, first, requests } = readFuzzSettings(0.05);
  const failures: string[] = [];
  const startedAt = Date.now();
  let next = first;
  let sent = 0;

  /** Something for subscribers to be told of, a part of it not for them. */
  async function write(): Promise<void> {
    for (const [table, text] of [
      ['people', 'a'],
      [secretTable, 'zqxbody'],
    ]) {
      const body = { table_name: table, name: text, body: { text, level: sent } };
      await send(`${server.url}/document/create`, { method: 'POST', body, headers: { authorization: operator } });
    }
  }

  async function client(): Promise<void> {
    while (sent < requests && failures.length < failuresMax) {
      const index = next;
      next += 1;
      const random = randomAt(seed, index);
      const session = random.chance(0.6) ? talkOverWebSocket : random.chance(0.7) ? readStream : sendFrames;
      const asking: LiveClient = { url: server.url, secret, principal: principals.any(random), random };
      try {
        const more = await session(asking);
        sent += more;
      } catch (error) {
        failures.push(
          `${session.name} ${index} of '${asking.principal.name}': ${error}\nFUZZ_SEED=${seed} FUZZ_FIRST=${index} FUZZ_REQUESTS=1 npm run test:fuzz -- test/fuzz/live.fuzz.ts`,
        );
      }
      if (index % 8 === 0) await write();
    }
  }

  await Promise.all(Array.from({ length: clients }, client));
  const seconds = Math.round((Date.now() - startedAt) / 1000);
  await server.expectUnharmed(`${sent} messages and streams of ${next - first} clients in ${seconds} s`);
  expect.soft(failures).toEqual([]);
});
