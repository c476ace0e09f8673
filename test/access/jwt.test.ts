import { createHmac, generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ProtectedServer } from './protected-server.ts';

const issuer = 'https://issuer.example/';
const audience = 'yaradb';

/** An issuer of JWTs: its keys, and the endpoint that publishes them. */
class Issuer implements AsyncDisposable {
  readonly url: string;
  requests = 0;
  /** What the endpoint answers; null: it breaks the connection off. */
  status: number | null = 200;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
  }

  static async publishing(keys: () => readonly object[]): Promise<Issuer> {
    const server = createServer((_request, response) => {
      made.requests += 1;
      if (made.status === null) response.socket?.destroy();
      else
        response.writeHead(made.status, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: keys() }));
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const made = new Issuer(server);
    return made;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

const flagsFor = (url: string): readonly string[] => [
  '--jwt-issuer',
  issuer,
  '--jwt-audience',
  audience,
  '--jwks-url',
  url,
  '--auth-failures-max',
  '10000',
];

describe('a JWT', () => {
  let server: ProtectedServer;
  let keys: Issuer;
  let privateKey: CryptoKey;
  let publicKey: CryptoKey;
  let publicJwk: object;

  beforeAll(async () => {
    ({ privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true }));
    publicJwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256', use: 'sig' };
    keys = await Issuer.publishing(() => [publicJwk]);
    server = await ProtectedServer.start(flagsFor(keys.url));
  });

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await keys[Symbol.asyncDispose]();
  });

  interface Signing {
    readonly key?: CryptoKey;
    readonly header?: Readonly<Record<string, unknown>>;
  }

  const now = (): number => Math.floor(Date.now() / 1000);

  /** One that fits, but for what is given; undefined leaves a claim out. */
  async function sign(
    claims: Readonly<Record<string, unknown>> = {},
    { key = privateKey, header = {} }: Signing = {},
  ): Promise<string> {
    const payload = {
      iss: issuer,
      aud: audience,
      sub: 'alice',
      exp: now() + 300,
      roles: ['read'],
      ...claims,
    };
    return new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid: 'one', ...header }).sign(key);
  }

  const statusOf = async (token: string): Promise<number> => (await server.ask(token, '/table/list')).status;

  test('lets its subject in with the roles of its claim, and the log names it', async () => {
    const writer = await sign({ sub: 'bob', roles: ['openid', 'write:orders'] });
    const create = (table: string) => ({ method: 'POST', body: { table_name: table, body: {} } });
    expect((await server.ask(writer, '/document/create', create('orders'))).status).toBe(200);
    const refused = await server.ask(writer, '/document/create', create('people'));
    expect([refused.status, refused.json]).toMatchObject([403, { detail: expect.stringContaining("'jwt:bob'") }]);
  });

  test.each<[string, unknown, number]>([
    ['a list', ['read'], 200],
    ['a text', 'openid read', 200],
    ['a text with commas', 'read,write', 200],
    ['none of ours', ['openid'], 403],
    ['nothing', undefined, 403],
    ['an object', { read: true }, 403],
    ['a list of other things', [1, null, { read: true }, ['admin']], 403],
  ])('has roles in %s', async (_case, roles, status) => {
    const token = await sign({ roles });
    expect(await statusOf(token)).toBe(status);
    // What is counted of the whole server is for those who have any role on it.
    expect((await server.ask(token, '/metrics')).status).toBe(status);
  });

  test.each<[string, Readonly<Record<string, unknown>>]>([
    ['of another issuer', { iss: 'https://evil.example/' }],
    ['without an issuer', { iss: undefined }],
    ['for another service', { aud: 'other' }],
    ['without an audience', { aud: undefined }],
    ['that has expired', { exp: 1 }],
    ['that does not expire', { exp: undefined }],
    ['that is not valid yet', { nbf: 4_000_000_000 }],
    ['without a subject', { sub: undefined }],
    ['whose subject would write on a terminal', { sub: 'a\u001b[2J' }],
    ['whose subject is too long for the log', { sub: 'x'.repeat(201) }],
  ])('is refused %s', async (_case, claims) => {
    expect(await statusOf(await sign(claims))).toBe(401);
  });

  test('may be for several services, and its clock may go a little wrong', async () => {
    expect(await statusOf(await sign({ aud: ['other', audience] }))).toBe(200);
    expect(await statusOf(await sign({ exp: now() - 10 }))).toBe(200);
    expect(await statusOf(await sign({ exp: now() - 60 }))).toBe(401);
    expect(await statusOf(await sign({ nbf: now() + 10 }))).toBe(200);
  });

  test('is refused when its signature is none, a shared secret’s, another key’s or of another content', async () => {
    const good = await sign();
    const [, payload = '', signature = ''] = good.split('.');
    const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const strong = encode({ iss: issuer, aud: audience, sub: 'alice', exp: 4_000_000_000, roles: ['admin'] });
    const other = await generateKeyPair('RS256');
    const hmac = (header: string, secret: string): string =>
      `${header}.${strong}.${createHmac('sha256', secret).update(`${header}.${strong}`).digest('base64url')}`;
    const hs256 = encode({ alg: 'HS256', kid: 'one', typ: 'JWT' });
    const jwk = await exportJWK(other.publicKey);
    const forged = [
      `${encode({ alg: 'none' })}.${strong}.`,
      `${encode({ alg: 'none', kid: 'one' })}.${payload}.${signature}`,
      `${encode({ alg: 'None' })}.${strong}.`,
      hmac(hs256, await exportSPKI(publicKey)),
      hmac(hs256, JSON.stringify(publicJwk)),
      hmac(hs256, ''),
      await sign({}, { key: other.privateKey }),
      await sign({}, { key: other.privateKey, header: { jwk } }),
      await sign({}, { key: other.privateKey, header: { jku: `${keys.url}/evil`, kid: 'evil' } }),
      await sign({}, { header: { kid: 'two' } }),
      await sign({}, { header: { kid: '../../../../dev/null' } }),
      await sign({}, { header: { kid: "one' OR '1'='1" } }),
      await sign({}, { header: { kid: '__proto__' } }),
      `${good.split('.')[0]}.${strong}.${signature}`,
      `${good.slice(0, -8)}AAAAAAAA`,
      `${good}.`,
      `${good}.${good}`,
      'a.b.c',
      '..',
      await sign({ padding: 'x'.repeat(8_000) }),
    ];
    for (const token of forged) expect([token.slice(0, 60), await statusOf(token)]).toEqual([token.slice(0, 60), 401]);
    expect(await statusOf(good)).toBe(200);
  });

  test('is not looked for anywhere but where the operator said, however often a key is not there', async () => {
    const before = keys.requests;
    for (let count = 0; count < 20; count += 1) await statusOf(await sign({}, { header: { kid: `made-up-${count}` } }));
    expect(keys.requests - before).toBeLessThanOrEqual(1);
  });

  test('does not keep a token of the server itself from its work', async () => {
    const token = await server.token('read');
    expect(await statusOf(token)).toBe(200);
    expect(await statusOf(`${token.slice(0, -1)}_`)).toBe(401);
  });

  test('is written to no log', async () => {
    const token = await sign({ iss: 'https://evil.example/' });
    await statusOf(token);
    const log = server.logged.join('');
    expect(log).not.toContain(token.split('.')[1]);
    expect(log).toContain('ERR_JWT_CLAIM_VALIDATION_FAILED');
  });
});

test('while its keys cannot be fetched a JWT is 503 and not 401; tokens are answered', async () => {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one' };
  await using keys = await Issuer.publishing(() => [jwk]);
  await using server = await ProtectedServer.start(flagsFor(keys.url));
  const claims = { iss: issuer, aud: audience, sub: 'alice', exp: Math.floor(Date.now() / 1000) + 300, roles: 'read' };
  const jwt = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'one' }).sign(privateKey);
  for (keys.status of [null, 500, 404, 302]) {
    const answer = await server.ask(jwt, '/table/list');
    expect([keys.status, answer.status, answer.code, answer.headers['retry-after']]).toEqual([
      keys.status,
      503,
      'OVERLOADED',
      '5',
    ]);
  }
  expect((await server.ask(await server.token('read'), '/table/list')).status).toBe(200);
  keys.status = 200;
  expect((await server.ask(jwt, '/table/list')).status).toBe(200);
  // It was checked just now: it need not be again.
  keys.status = null;
  expect((await server.ask(jwt, '/table/list')).status).toBe(200);
});

test('keys can come from a file, roles from a claim within another, and both be replaced', async () => {
  const pairs = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')] as const;
  const setOf = (index: 0 | 1): string =>
    JSON.stringify({ keys: [{ ...pairs[index].publicKey.export({ format: 'jwk' }), kid: 'k' }] });
  const flags = ['--jwt-issuer', issuer, '--jwt-audience', audience, '--jwks-file', 'keys.json'];
  await using server = await ProtectedServer.start([...flags, '--jwt-role-claim', 'realm_access.roles'], {
    keySet: setOf(0),
  });
  const claims = {
    iss: issuer,
    aud: audience,
    sub: 'a',
    exp: Math.floor(Date.now() / 1000) + 300,
    realm_access: { roles: ['read'] },
  };
  const sign = (index: 0 | 1) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'EdDSA', kid: 'k' }).sign(pairs[index].privateKey);
  const [first, second] = [await sign(0), await sign(1)];
  expect([(await server.ask(first, '/table/list')).status, (await server.ask(second, '/table/list')).status]).toEqual([
    200, 401,
  ]);
  server.app.replaceFiles({ tls: null, keySet: setOf(1) });
  expect([(await server.ask(first, '/table/list')).status, (await server.ask(second, '/table/list')).status]).toEqual([
    401, 200,
  ]);
  expect(() => server.app.replaceFiles({ tls: null, keySet: '{}' })).toThrow('not a JSON Web Key Set');
  expect((await server.ask(second, '/table/list')).status).toBe(200);
});
