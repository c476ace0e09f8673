import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { SeededRandom } from '../fault/seeded-random.ts';
import { send } from '../support/http-client.ts';
import { type FuzzRequest, randomAt, requestOf } from './fuzz-request.ts';
import { FuzzRun, type FuzzTarget, readFuzzSettings } from './fuzz-run.ts';
import { graphqlRequest } from './graphql-grammar.ts';
import type { HttpAnswer } from './http-answer.ts';
import { audience, type FuzzPrincipal, FuzzPrincipals, issuer, makeSigningKeys } from './principals.ts';
import type { RequestDraft } from './request-draft.ts';
import { restRequest } from './rest-grammar.ts';
import { Secret, secretTable } from './secret.ts';
import { tokenRequest } from './token-grammar.ts';
import { WatchedServer } from './watched-server.ts';

/** The same of a server that asks who asks: nobody gets more than the token lets, whatever is asked, and however. */

/** What is answered to everybody. A path ends at a `#`, too, though RFC 9112 lets nobody send what is behind one. */
const openPaths = /^\/(?:ping|livez|readyz|docs|openapi\.json|graphql)\/?(?:[?#]|$)/i;

test('requests made at random, with tokens and JWTs that are good and that are not', {
  timeout: 3_600_000,
}, async () => {
  const keys = makeSigningKeys();
  const keySet = JSON.stringify({ keys: [keys.publicKey.export({ format: 'jwk' })] });
  await using server = await WatchedServer.start(
    [
      ...['--auth', 'required', '--auth-failures-max', '10000', '--jwks-file', './keys.json'],
      ...['--jwt-issuer', issuer, '--jwt-audience', audience],
    ],
    { 'keys.json': keySet },
  );
  const file = readFileSync(join(server.dataDirectory, 'operator.json'), 'utf8');
  const operator = `Bearer ${(JSON.parse(file) as { readonly token: string }).token}`;
  const secret = await Secret.hiddenIn(server.url, operator);
  const principals = await FuzzPrincipals.over(server.url, operator, keys);
  const asked = new WeakMap<FuzzRequest, FuzzPrincipal>();

  const target: FuzzTarget = {
    file: 'test/fuzz/protected.fuzz.ts',
    port: server.port,
    request(seed, index) {
      const random = randomAt(seed, index);
      const principal = principals.any(random);
      const request = requestOf(random, index, shown(principal, aimed(secret, random, draftOf(random))));
      asked.set(request, principal);
      return request;
    },
    check(answer, request) {
      const text = answer.body.toString('utf8');
      // Where a body is sent in chunks, their lengths stand in the middle of what it says.
      const asking = request.bytes.toString('utf8').replaceAll(/\r\n[\da-f]+\r\n/g, '');
      secret.checkUntold(text + [...answer.headers.values()].join(' '), asking);
      if (asked.get(request)?.isKnown === false) checkRefused(answer, request);
    },
    async sweep() {
      await secret.checkUntouched();
      await dropTables(server.url, operator);
    },
  };
  const run = new FuzzRun(target, readFuzzSettings(0.2));
  await run.finished();
  await server.expectUnharmed(run.summary());
  expect.soft(run.failures).toEqual([]);
  run.expectVariety([200, 204, 400, 401, 403, 404, 405, 415, 422], 0.2);
});

function draftOf(random: SeededRandom): RequestDraft {
  if (random.chance(0.05)) return tokenRequest(random);
  return random.chance(0.45) ? graphqlRequest(random) : restRequest(random);
}

function aimed(secret: Secret, random: SeededRandom, draft: RequestDraft): RequestDraft {
  const { path, body } = draft;
  return {
    ...draft,
    path: secret.aimed(random, path),
    ...(body !== undefined && { body: secret.aimed(random, body) }),
  };
}

function shown({ authorization }: FuzzPrincipal, draft: RequestDraft): RequestDraft {
  return authorization === undefined ? draft : { ...draft, headers: { ...draft.headers, authorization } };
}

/** @throws {Error} when somebody who is not known was answered. */
function checkRefused({ status }: HttpAnswer, { path }: FuzzRequest): void {
  const isPreflight = status === 204;
  if (status < 300 && !isPreflight && !openPaths.test(path)) throw new Error('somebody who is not known was let in');
}

async function dropTables(url: string, operator: string): Promise<void> {
  const run = async (query: string, variables = {}): Promise<string> => {
    const headers = { authorization: operator };
    return (await send(`${url}/graphql`, { method: 'POST', body: { query, variables }, headers })).text;
  };
  const { data } = JSON.parse(await run('{ tables { name } }')) as {
    readonly data: { readonly tables: readonly { readonly name: string }[] };
  };
  for (const { name } of data.tables.filter((table) => table.name !== secretTable)) {
    await run('mutation ($name: String!) { dropTable(name: $name) }', { name });
  }
}
