import { Agent, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/document/json.ts';
import { send, sendRaw } from '../support/http-client.ts';
import { ProtectedServer } from './protected-server.ts';

/** What a token looks like that this server has not given out: the checksum is right. */
const madeUp = 'yara_0000000000000000000000000000000000000000000000000000000';

describe('tokens', () => {
  let server: ProtectedServer;
  let token: string;

  beforeAll(async () => {
    server = await ProtectedServer.start(['--auth', 'required', '--auth-failures-max', '10000']);
    token = await server.token('admin');
  });

  afterAll(() => server[Symbol.asyncDispose]());

  const statusFor = async (authorization: string | undefined, path = '/table/list'): Promise<number> =>
    (await send(`${server.url}${path}`, { headers: authorization === undefined ? {} : { authorization } })).status;

  test('let in whoever shows one, in whatever case the scheme is written', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER', 'Bearer ']) {
      expect([scheme, await statusFor(`${scheme} ${token}`)]).toEqual([scheme, 200]);
    }
  });

  test.each([
    ['nothing', undefined],
    ['an empty header', ''],
    ['the scheme alone', 'Bearer'],
    ['another scheme', 'Basic YTpi'],
    ['no scheme', 'TOKEN'],
    ['two tokens', 'Bearer TOKEN TOKEN'],
    ['two tokens with a comma', 'Bearer TOKEN, Bearer TOKEN'],
    ['a tab', 'Bearer\tTOKEN'],
    ['the last character changed', 'Bearer CHANGED'],
    ['a token that is cut', 'Bearer CUT'],
    ['a token with more behind it', 'Bearer TOKENx'],
    ['its id with another secret', 'Bearer OTHER'],
    ['one that was never made', `Bearer ${madeUp}`],
    ['a setting’s name', 'Bearer accessToken/'],
    ['__proto__', 'Bearer __proto__'],
    ['8 KiB', `Bearer ${'a'.repeat(8000)}`],
  ])('that are wrong let nobody in: %s', async (_case, form) => {
    const other = token.slice(0, 17) + token.slice(17).split('').reverse().join('');
    const authorization = form
      ?.replaceAll('TOKEN', token)
      .replace('CHANGED', token.slice(0, -1) + (token.endsWith('a') ? 'b' : 'a'))
      .replace('CUT', token.slice(0, -1))
      .replace('OTHER', other);
    expect(await statusFor(authorization)).toBe(401);
  });

  test.each(['Basic YTpi', 'TOKEN', 'Token TOKEN', 'Bearer'])(
    'in another form, %s, are refused, and the form told',
    async (form) => {
      const { json } = await send(`${server.url}/table/list`, {
        headers: { authorization: form.replace('TOKEN', token) },
      });
      expect(json).toMatchObject({ detail: expect.stringContaining('`Authorization: Bearer TOKEN`') });
    },
  );

  test('in the address are refused, and told why', async () => {
    for (const name of ['access_token', 'token']) {
      const { status, json } = await send(`${server.url}/table/list?${name}=${token}`);
      expect([status, json]).toEqual([
        401,
        { detail: expect.stringContaining('A token in the address is refused'), code: 'UNAUTHENTICATED' },
      ]);
    }
  });

  test('in two headers are refused, whichever of them is good', async () => {
    const port = Number(new URL(server.url).port);
    for (const pair of [
      [token, 'x'],
      ['x', token],
      [token, token],
    ]) {
      const lines = pair.map((each, index) => `${index === 0 ? 'authorization' : 'AUTHORIZATION'}: Bearer ${each}`);
      const answer = await sendRaw(
        port,
        `GET /table/list HTTP/1.1\r\nHost: localhost\r\n${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    }
  });

  test('are shown once: neither a list nor the log has one, nor its digest', async () => {
    await server.ask(token, `/document/get/x?access_token=${token}&a=eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2ln`);
    await server.ask(token, '/system/tokens');
    await server.ask(`${token}x`, '/table/list');
    const listed = await server.ask(token, '/system/tokens');
    const secret = token.slice(17);
    for (const text of [listed.text, server.logged.join('')]) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain('digest');
      expect(text).not.toContain('eyJzdWIi');
      expect(text).not.toContain(server.operatorToken.slice(17));
    }
    expect(server.logged.join('')).toContain('/document/get/x?access_token=[removed]&a=[removed]');
  });

  test('that are revoked are refused from the next request on, also where they were let in before', async () => {
    const other = await server.token('read');
    expect(await statusFor(`Bearer ${other}`)).toBe(200);
    const id = other.slice(5, 17);
    const revoked = await server.ask(token, `/system/tokens/${id}`, { method: 'DELETE' });
    expect(revoked.json).toMatchObject({ id, roles: ['read'], revoked_at: expect.any(String) });
    expect(await statusFor(`Bearer ${other}`)).toBe(401);
    const again = await server.ask(token, `/system/tokens/${id}`, { method: 'DELETE' });
    expect(again.json).toEqual(revoked.json);
    expect((await server.ask(token, '/system/tokens/nosuch', { method: 'DELETE' })).status).toBe(404);
  });

  test('that are revoked are refused on a connection that goes on, too, and another token on it is another', async () => {
    const tokens = [await server.token('read'), await server.token('read:orders')] as const;
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const statusOf = (each: string, path: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const options = { agent, headers: { authorization: `Bearer ${each}` } };
        request(`${server.url}${path}`, options, (response) => {
          response.resume().once('end', () => resolve(response.statusCode));
        })
          .once('error', reject)
          .end();
      });
    const statuses: (number | undefined)[] = [];
    for (const each of [...tokens, ...tokens]) statuses.push(await statusOf(each, '/table/people'));
    expect(statuses).toEqual([404, 403, 404, 403]);
    await server.ask(token, `/system/tokens/${tokens[0].slice(5, 17)}`, { method: 'DELETE' });
    expect([await statusOf(tokens[0], '/table/list'), await statusOf(tokens[1], '/table/list')]).toEqual([401, 200]);
    agent.destroy();
  });

  test('end by themselves when they were made to', async () => {
    const expires_at = new Date(Date.now() + 1500).toISOString();
    const body = { name: 'short', roles: ['read'], expires_at };
    const made = await server.ask(token, '/system/tokens', { method: 'POST', body });
    const short = String((made.json as JsonObject).token);
    expect([made.headers['cache-control'], await statusFor(`Bearer ${short}`)]).toEqual(['no-store', 200]);
    await expect.poll(() => statusFor(`Bearer ${short}`), { timeout: 10_000 }).toBe(401);
  });

  test.each([
    [{}, 'roles'],
    [{ roles: [] }, 'roles'],
    [{ roles: 'admin' }, 'roles'],
    [{ roles: ['root'] }, 'roles'],
    [{ roles: ['read:'] }, 'roles'],
    [{ roles: ['read'], name: 'jwt:alice' }, 'name'],
    [{ roles: ['read'], name: 'operator' }, 'name'],
    [{ roles: ['read'], name: 'a b' }, 'name'],
    [{ roles: ['read'], name: '' }, 'name'],
    [{ roles: ['read'], name: 'x'.repeat(201) }, 'name'],
    [{ roles: ['read'], expires_at: '2001-01-01T00:00:00Z' }, 'expires_at'],
    [{ roles: ['read'], expires_at: 5 }, 'expires_at'],
  ])('are not made of %j', async (body, path) => {
    const answer = await server.ask(token, '/system/tokens', { method: 'POST', body });
    expect([answer.status, answer.json]).toMatchObject([400, { code: 'INVALID_ARGUMENT', path }]);
  });

  test('name whoever wrote, and a greater role counts', async () => {
    const body = { name: 'backend', roles: ['read', 'write:orders', 'read:orders'] };
    const made = await server.ask(token, '/system/tokens', { method: 'POST', body });
    expect(made.json).toMatchObject({ name: 'backend', roles: ['read', 'write:orders'] });
    const backend = String((made.json as JsonObject).token);
    const written = { method: 'POST', body: { table_name: 'orders', body: {} } };
    expect((await server.ask(backend, '/document/create', written)).status).toBe(200);
    expect(
      (await server.ask(backend, '/document/create', { method: 'POST', body: { name: 'n', body: {} } })).code,
    ).toBe('FORBIDDEN');
  });

  test('are asked for before a body is read, and health is not', async () => {
    const body = '{'.repeat(100);
    expect((await server.ask(null, '/document/create', { method: 'POST', body })).status).toBe(401);
    for (const path of ['/livez', '/readyz', '/ping'])
      expect([path, await statusFor(undefined, path)]).toEqual([path, 200]);
    const page = await send(`${server.url}/graphql`, { headers: { accept: 'text/html' } });
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    const query = await send(`${server.url}/graphql?query={tables{name}}`, { headers: { accept: 'application/json' } });
    expect([query.status, query.json]).toMatchObject([401, { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] }]);
  });
});

test('whoever shows many wrong tokens gets 429, counted by address; a good token from there is never kept waiting', async () => {
  await using server = await ProtectedServer.start(['--auth', 'required', '--auth-failures-max', '5']);
  const token = await server.token('read');
  const statuses: number[] = [];
  for (let attempt = 0; attempt < 8; attempt += 1) statuses.push((await server.ask('nonsense', '/table/list')).status);
  expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
  const limited = await server.ask('nonsense', '/graphql', { method: 'POST', body: { query: '{ tables { name } }' } });
  expect([limited.status, limited.code, limited.headers['retry-after']]).toEqual([
    429,
    'RATE_LIMITED',
    expect.stringMatching(/^\d+$/),
  ]);
  expect((await server.ask(token, '/table/list')).status).toBe(200);
  // Without a token nothing is guessed, so nothing is counted.
  expect((await server.ask(null, '/table/list')).status).toBe(401);
});

test('auto asks for a token as soon as there is one, and goes on when the last one is revoked', async () => {
  await using server = await ProtectedServer.start([]);
  const statuses: number[] = [(await server.ask(null, '/table/list')).status];
  const token = await server.token('admin');
  statuses.push((await server.ask(null, '/table/list')).status, (await server.ask(token, '/table/list')).status);
  await server.ask(token, `/system/tokens/${token.slice(5, 17)}`, { method: 'DELETE' });
  statuses.push((await server.ask(null, '/table/list')).status, (await server.ask(token, '/table/list')).status);
  expect(statuses).toEqual([200, 401, 200, 401, 401]);
});
