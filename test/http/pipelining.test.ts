import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engineVariants } from '../support/engine-variant.ts';
import { sendRaw } from '../support/http-client.ts';
import { type ListeningServer, startListeningServer } from '../support/listening-server.ts';

const ping = 'GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n';
const lastPing = ping.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');

function create(name: string, headers = ''): string {
  const body = JSON.stringify({ name, body: {} });
  const length = `Content-Length: ${body.length}`;
  return `POST /document/create HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${length}\r\n${headers}\r\n${body}`;
}

describe.each(engineVariants)(
  'Requests that are sent before the one ahead is answered, to the %s',
  (_name, openEngine) => {
    let server: ListeningServer;

    beforeAll(async () => {
      server = await startListeningServer(openEngine);
    });

    afterAll(() => server.close());

    const statuses = (text: string) =>
      Array.from(text.matchAll(/HTTP\/1\.1 (\d{3}) /g), ([, status]) => Number(status));

    test('are answered in order', async () => {
      const answers = await sendRaw(server.port, `${create('a')}${ping}${create('b')}${lastPing}`);
      expect(statuses(answers)).toEqual([200, 200, 200, 200]);
      expect(answers).toMatch(/"name":"a"[\s\S]*"alive"[\s\S]*"name":"b"[\s\S]*"alive"/);
    });

    test('are answered before what is said about the bytes behind them', async () => {
      const answers = await sendRaw(server.port, `${create('a')}${create('b')}NO REQUEST AT ALL\r\n\r\n`);
      expect(statuses(answers)).toEqual([200, 200, 400]);
      expect(answers).toMatch(/"name":"a"[\s\S]*"name":"b"[\s\S]*connection: close[\s\S]*"code":"INVALID_ARGUMENT"/i);
    });

    test('are answered when more comes after one that ends the connection', async () => {
      const answers = await sendRaw(server.port, `${create('a')}${create('b', 'Connection: close\r\n')}${ping}`);
      expect(statuses(answers)).toEqual([200, 200]);
      expect(answers).toMatch(/"name":"b"/);
    });

    test('are answered behind one whose JSON is wrong', async () => {
      const wrong = create('a').replace('{"name"', '{"name');
      const answers = await sendRaw(
        server.port,
        `${wrong.replace(/Content-Length: (\d+)/, (_, length) => `Content-Length: ${length - 1}`)}${lastPing}`,
      );
      expect(statuses(answers)).toEqual([422, 200]);
    });

    test('a body that breaks off is told about at once: it is its own request that is wrong', async () => {
      const head = create('a', 'Transfer-Encoding: chunked\r\n').replace(/Content-Length: \d+\r\n/, '');
      const answers = await sendRaw(server.port, `${head.slice(0, head.indexOf('{'))}no chunk\r\n`);
      expect(statuses(answers)).toEqual([400]);
    });

    test('an answer after which the connection is closed says so, whatever is wrong with the request', async () => {
      for (const [status, request] of [
        [200, lastPing],
        [404, lastPing.replace('/ping', '/nowhere')],
        [413, create('a', 'Connection: close\r\n').replace(/Content-Length: \d+/, 'Content-Length: 99999999')],
        [422, create('a', 'Connection: close\r\n').replace('"name"', 'wrong ')],
      ] as const) {
        const answer = await sendRaw(server.port, request);
        expect(statuses(answer)).toEqual([status]);
        expect(answer).toMatch(/\r\nconnection: close\r\n/i);
      }
    });
  },
);
