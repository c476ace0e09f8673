import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { anonymous } from '../../src/database/principal.ts';
import { engineVariants } from '../support/engine-variant.ts';
import { send, sendRaw } from '../support/http-client.ts';
import { type ListeningServer, startListeningServer } from '../support/listening-server.ts';

/** ASCII, Latin-1 and beyond, a pair of surrogates, and one long enough to be written in pieces. */
const texts = ['plain', 'Zürich', 'Київ', '😀', 'é'.repeat(100_000), 'x'.repeat(200_000)];

describe.each(engineVariants)('Answers of the server in front of the %s', (_name, openEngine) => {
  let server: ListeningServer;
  let ids: string[];

  beforeAll(async () => {
    server = await startListeningServer(openEngine, {
      register: (instance) => {
        instance.get('/bytes', (_request, reply) => {
          reply.type('application/octet-stream').send(Buffer.from([0xff, 0xc3, 0x28]));
        });
        instance.get('/raw', (_request, reply) => {
          reply.hijack();
          reply.raw.end('ü', 'latin1');
        });
        instance.get('/empty', (_request, reply) => {
          reply.code(204).send();
        });
      },
    });
    const operations = texts.map((text) => ({ kind: 'create' as const, name: text, body: { text } }));
    const { documents } = await server.database.commit(anonymous, operations);
    ids = documents.map(({ id }) => id);
  });

  afterAll(() => server.close());

  test('text comes as the UTF-8 of what was stored, with its length in bytes, whatever its characters', async () => {
    for (const [number, text] of texts.entries()) {
      const answer = await send(`${server.url}/document/get/${ids[number]}`);
      expect(answer.json).toMatchObject({ name: text, body: { text } });
      expect(answer.headers['content-length']).toBe(String(Buffer.byteLength(answer.text)));
      expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    }
  });

  test('HEAD has the headers of GET and no body, on a connection that goes on', async () => {
    const path = `/document/get/${ids[1]}`;
    const got = await send(server.url + path);
    const both = await sendRaw(
      server.port,
      `HEAD ${path} HTTP/1.1\r\nHost: localhost\r\n\r\nGET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
    );
    const [head, live] = both.split(/(?<=\r\n\r\n)(?=HTTP)/);
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n$/);
    expect(head).toContain(`content-length: ${got.headers['content-length']}\r\n`);
    expect(head).toContain('content-type: application/json; charset=utf-8\r\n');
    expect(live).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nok$/);
  });

  test('requests that are sent at once are answered in order, failures among them', async () => {
    const line = (path: string, end = '') => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${end}\r\n`;
    const create = '{"name":"ü","body":{"a":"ü"}}';
    const answers = await sendRaw(
      server.port,
      [
        line(`/document/get/${ids[2]}`),
        line('/document/get/nonsense'),
        `POST /document/create HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${Buffer.byteLength(create)}\r\n\r\n${create}`,
        line('/nowhere'),
        line('/empty'),
        line(`/document/get/${ids[0]}`, 'Connection: close\r\n'),
      ].join(''),
    );
    const parts = answers.split(/(?=HTTP\/1\.1 )/);
    expect(parts.map((part) => part.slice(9, 12))).toEqual(['200', '422', '200', '404', '204', '200']);
    const types = parts.map((part) => /content-type: (.*)\r\n/.exec(part)?.[1]);
    const json = 'application/json; charset=utf-8';
    expect(types).toEqual([json, json, json, json, undefined, json]);
    expect(parts.at(-1)).toContain(`"_id":"${ids[0]}"`);
  });

  test('bytes are sent as they are, and what writes to the connection itself is not touched', async () => {
    const answer = await fetch(`${server.url}/bytes`);
    expect([...new Uint8Array(await answer.arrayBuffer())]).toEqual([0xff, 0xc3, 0x28]);
    const raw = await fetch(`${server.url}/raw`);
    expect([...new Uint8Array(await raw.arrayBuffer())]).toEqual([0xfc]);
  });

  test('a client that leaves in the middle of an answer leaves the server as it was', async () => {
    for (const leave of ['reset', 'end'] as const) {
      const socket = connect(server.port, '127.0.0.1');
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.write(`GET /document/get/${ids[5]} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(20));
      await new Promise((resolve) => socket.once('data', resolve));
      if (leave === 'reset') socket.resetAndDestroy();
      else socket.destroy();
      await closed;
    }
    expect((await send(`${server.url}/livez`)).text).toBe('ok');
  });
});
