import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { anonymous } from '../../src/database/principal.ts';
import { engineVariants } from '../support/engine-variant.ts';
import { type HttpAnswer, type HttpQuestion, send, sendRaw } from '../support/http-client.ts';
import { type ListeningServer, startListeningServer } from '../support/listening-server.ts';

const create = { method: 'POST', body: { name: 'n', body: { a: 1 } } } as const;

describe.each(engineVariants)('Admission in front of the %s', (_name, openEngine) => {
  let server: ListeningServer;
  let configured: ListeningServer;

  beforeAll(async () => {
    server = await startListeningServer(openEngine, { http: { bodyBytesMax: 100_000 } });
    configured = await startListeningServer(openEngine, {
      http: { allowedHosts: ['db.example'], allowedOrigins: ['https://studio.example'] },
      register: (instance) => {
        instance.get('/varying', (_request, reply) => {
          reply.header('vary', 'Accept').send({});
        });
      },
    });
  });

  afterAll(async () => {
    await server.close();
    await configured.close();
  });

  const ask = (path: string, question?: HttpQuestion, to = server): Promise<HttpAnswer> =>
    send(`${to.url}${path}`, question);
  const sequence = async (): Promise<number> => (await server.database.status(anonymous)).sequence;

  describe('Host', () => {
    test.each(['evil.example', 'evil.example:8000', 'localhost.evil.example'])(
      '%s is 403, which names the setting',
      async (host) => {
        const before = await sequence();
        const answer = await ask('/document/create', {
          ...create,
          headers: { 'content-type': 'application/json', host },
        });
        expect(answer.status).toBe(403);
        expect(answer.json).toEqual({ detail: expect.stringContaining('--allowed-hosts'), code: 'FORBIDDEN', host });
        expect(await sequence()).toBe(before);
      },
    );

    test.each(['localhost', 'localhost:1', '127.0.0.1', '[::1]:8000'])('%s is answered', async (host) => {
      expect((await ask('/ping', { headers: { host } })).status).toBe(200);
    });

    test('a name that is configured is answered, there alone', async () => {
      expect((await ask('/ping', { headers: { host: 'db.example:9000' } }, configured)).status).toBe(200);
      expect((await ask('/ping', { headers: { host: 'db.example:9000' } })).status).toBe(403);
    });

    test('none is refused', async () => {
      expect(await sendRaw(server.port, 'GET /ping HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 403 /);
      const answer = await sendRaw(server.port, 'GET /ping HTTP/1.1\r\nConnection: close\r\n\r\n');
      expect(answer).toMatch(/^HTTP\/1\.1 400 [\s\S]*"code":"INVALID_ARGUMENT","expected":"one header Host"/);
    });

    test('two of it, of the content type or the length are refused, not one of them taken', async () => {
      const twice = (header: string, first: string, second: string) =>
        sendRaw(
          server.port,
          `POST /document/create HTTP/1.1\r\n${header}: ${first}\r\n${header}: ${second}\r\nConnection: close\r\nContent-Length: 2\r\n` +
            `${header === 'Host' ? 'Content-Type: application/json' : 'Host: localhost'}\r\n\r\n{}`,
        );
      expect(await twice('Host', 'localhost', 'evil.example')).toMatch(/^HTTP\/1\.1 403 /);
      expect(await twice('Host', 'localhost', 'localhost')).toMatch(/^HTTP\/1\.1 403 /);
      expect(await twice('Content-Type', 'application/json', 'text/plain')).toMatch(/^HTTP\/1\.1 415 /);
      expect(await twice('Content-Length', '2', '3')).toMatch(/^HTTP\/1\.1 400 /);
    });

    test('is checked where there is no endpoint, too', async () => {
      expect((await ask('/nowhere', { headers: { host: 'evil.example' } })).status).toBe(403);
    });
  });

  describe('Origin', () => {
    test('a foreign one is 403, whatever the media type, and nothing is written', async () => {
      const before = await sequence();
      for (const origin of [
        'https://evil.example',
        'null',
        'http://localhost:1',
        `http://127.0.0.1:${server.port + 1}`,
      ]) {
        for (const type of ['application/json', 'text/plain', null]) {
          const answer = await ask('/document/create', { ...create, headers: { 'content-type': type, origin } });
          expect(answer.status).toBe(403);
          expect(answer.json).toEqual({
            detail: expect.stringContaining('--allowed-origins'),
            code: 'FORBIDDEN',
            origin,
          });
          expect(answer.headers['access-control-allow-origin']).toBeUndefined();
        }
      }
      expect(await sequence()).toBe(before);
    });

    test('our own is answered, without CORS headers', async () => {
      for (const origin of [server.url, server.url.replace('http:', 'https:')]) {
        const answer = await ask('/ping', { headers: { origin } });
        expect(answer.status).toBe(200);
        expect(answer.headers['access-control-allow-origin']).toBeUndefined();
        expect(answer.headers.vary).toBeUndefined();
      }
    });

    test('a preflight of a foreign one is 403', async () => {
      const answer = await ask('/document/create', {
        method: 'OPTIONS',
        headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
      });
      expect(answer.status).toBe(403);
      expect(answer.headers['access-control-allow-methods']).toBeUndefined();
    });

    test('a configured one gets CORS headers, on errors too', async () => {
      for (const [path, status] of [
        ['/ping', 200],
        ['/nowhere', 404],
      ] as const) {
        const answer = await ask(path, { headers: { origin: 'https://studio.example' } }, configured);
        expect(answer.status).toBe(status);
        expect(answer.headers['access-control-allow-origin']).toBe('https://studio.example');
        expect(answer.headers.vary).toBe('Origin');
      }
    });

    test('what an answer varies by besides the origin is kept', async () => {
      expect((await ask('/varying', {}, configured)).headers.vary).toBe('Accept, Origin');
    });

    test('a preflight of a configured one is answered for every endpoint', async () => {
      const answer = await ask(
        '/document/update/x',
        {
          method: 'OPTIONS',
          headers: {
            origin: 'https://studio.example',
            'access-control-request-method': 'PUT',
            'access-control-request-headers': 'content-type',
          },
        },
        configured,
      );
      expect([answer.status, answer.text]).toEqual([204, '']);
      expect(answer.headers['access-control-allow-methods']).toContain('PUT');
      expect(answer.headers['access-control-allow-headers']).toBe('content-type');
    });

    test('one that only looks like a configured one is 403', async () => {
      for (const origin of [
        'http://studio.example',
        'https://studio.example:444',
        'https://studio.example.evil.example',
      ]) {
        expect((await ask('/ping', { headers: { origin } }, configured)).status).toBe(403);
      }
    });
  });

  describe('Content type', () => {
    test.each([
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/json; charset=utf-16',
      'application/jsonp',
      'application/json, text/plain',
      'text/plain; application/json',
      'json',
      '',
    ])("'%s' is 415", async (type) => {
      const answer = await ask('/document/create', { ...create, headers: { 'content-type': type } });
      expect(answer.status).toBe(415);
      expect(answer.json).toEqual({
        detail: expect.any(String),
        code: 'INVALID_ARGUMENT',
        expected: 'application/json',
      });
    });

    test.each([
      'application/json',
      'Application/JSON',
      'application/json; charset=utf-8',
      'application/json;charset="UTF-8"',
    ])("'%s' is JSON", async (type) => {
      expect((await ask('/document/create', { ...create, headers: { 'content-type': type } })).status).toBe(200);
    });

    test.each(['gzip', 'br', 'deflate', 'zstd', 'gzip, identity'])(
      'a body compressed as %s is 415',
      async (encoding) => {
        const answer = await ask('/document/create', {
          ...create,
          headers: { 'content-type': 'application/json', 'content-encoding': encoding },
        });
        expect(answer.status).toBe(415);
        expect(answer.headers['accept-encoding']).toBe('identity');
      },
    );

    test('an identity coding is none', async () => {
      const headers = { 'content-type': 'application/json', 'content-encoding': 'identity' };
      expect((await ask('/document/create', { ...create, headers })).status).toBe(200);
    });
  });

  describe('Expect', () => {
    test('of 100-continue is met', async () => {
      const body = JSON.stringify(create.body);
      const head = `Host: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close`;
      const answer = await sendRaw(
        server.port,
        `POST /document/create HTTP/1.1\r\n${head}\r\nExpect: 100-continue\r\n\r\n${body}`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
    });

    test.each(['200-ok', '', '100-continue, x'])("of '%s' is 417, in words", async (expectation) => {
      const answer = await ask('/ping', { headers: { expect: expectation } });
      expect(answer.status).toBe(417);
      expect(answer.json).toEqual({
        detail: expect.stringContaining('100-continue'),
        code: 'INVALID_ARGUMENT',
        expected: '100-continue',
      });
    });
  });

  describe('Body length', () => {
    const body = JSON.stringify({ name: 'n', body: { text: 'x'.repeat(100_000) } });

    test('a declared one over the limit is 413 before a byte of the body is sent', async () => {
      const head = [
        'POST /document/create HTTP/1.1',
        `Host: 127.0.0.1:${server.port}`,
        'Content-Type: application/json',
        'Content-Length: 100001',
        'Connection: close',
      ];
      const answer = await sendRaw(server.port, `${head.join('\r\n')}\r\n\r\n`);
      expect(answer).toMatch(/^HTTP\/1\.1 413 /);
      expect(answer).toContain('"code":"PAYLOAD_TOO_LARGE","limit":100000,"actual":100001');
    });

    test('the client that sends it whole reads the answer', async () => {
      const answer = await ask('/document/create', { method: 'POST', body });
      expect(answer.status).toBe(413);
      expect(answer.json).toMatchObject({ code: 'PAYLOAD_TOO_LARGE', limit: 100_000, actual: body.length });
      const huge = await ask('/document/create', { method: 'POST', body: Buffer.alloc(8 * 1024 * 1024, 0x20) });
      expect(huge.status).toBe(413);
    });

    test('the rest of a refused body is thrown away, and the connection can be used on', async () => {
      const head = `Host: localhost\r\nContent-Type: application/json\r\nContent-Length: 100001\r\n\r\n`;
      const next = 'GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
      const answers = await sendRaw(
        server.port,
        `POST /document/create HTTP/1.1\r\n${head}${'x'.repeat(100_001)}${next}`,
      );
      expect(answers).toMatch(/^HTTP\/1\.1 413 [\s\S]*HTTP\/1\.1 200 OK[\s\S]*"alive"/);
    });

    test('one that is not declared is 413 as soon as it is over the limit', async () => {
      const answer = await ask('/document/create', { method: 'POST', body, chunked: true });
      expect(answer.status).toBe(413);
      expect(answer.json).toEqual({
        detail: expect.stringContaining('--body-bytes-max'),
        code: 'PAYLOAD_TOO_LARGE',
        limit: 100_000,
      });
    });

    test('a chunked body within the limit is taken', async () => {
      expect((await ask('/document/create', { ...create, chunked: true })).status).toBe(200);
    });

    test('the greatest body that is allowed is taken, and one byte more is not', async () => {
      const envelope = JSON.stringify({ name: 'n', body: { text: '' } });
      const greatest = (extra: number): string =>
        envelope.replace('""', `"${'x'.repeat(100_000 - envelope.length + extra)}"`);
      expect((await ask('/document/create', { method: 'POST', body: greatest(0) })).status).toBe(200);
      expect((await ask('/document/create', { method: 'POST', body: greatest(1) })).status).toBe(413);
    });
  });
});
