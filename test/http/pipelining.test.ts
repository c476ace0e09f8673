import { connect } from 'node:net';
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

    /** How many requests for `/turn` were begun in each turn of the event loop. The server is in this process: its turns are ours. */
    let begunByTurn: number[] = [];
    let slow = Promise.withResolvers<void>();

    beforeAll(async () => {
      let turn: number | undefined;
      server = await startListeningServer(openEngine, {
        register: (instance) => {
          instance.get('/turn/:number', async (request) => {
            if (turn === undefined) {
              turn = 0;
              setImmediate(() => {
                begunByTurn.push(turn ?? 0);
                turn = undefined;
              });
            }
            turn += 1;
            return request.params;
          });
          instance.get('/slow', async () => {
            await slow.promise;
            return { slow: true };
          });
        },
      });
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

    const turn = (number: number | string) => `GET /turn/${number} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

    /** Sends its next request when the one before is answered, until it is told to stop. @returns how many were answered. */
    function askMeanwhile(): () => number {
      let answered = 0;
      const socket = connect(server.port, '127.0.0.1');
      socket.on('data', () => {
        answered += 1;
        socket.write(ping);
      });
      socket.write(ping);
      return () => {
        socket.destroy();
        return answered;
      };
    }

    test('are begun a few in a turn of the event loop when thousands come at once, so that others are answered in between', async () => {
      begunByTurn = [];
      const flood = Array.from({ length: 4_000 }, (_, number) => turn(number)).join('') + lastPing;
      const stop = askMeanwhile();
      const [first, second] = await Promise.all([sendRaw(server.port, flood), sendRaw(server.port, flood)]);
      expect(stop()).toBeGreaterThan(100);
      for (const answers of [first, second]) {
        const numbers = Array.from(answers.matchAll(/"number":"(\d+)"/g), ([, number]) => Number(number));
        expect(numbers).toEqual(Array.from({ length: 4_000 }, (_, number) => number));
      }
      // Of each connection the first and eight behind it, and eight more of both.
      expect(Math.max(...begunByTurn)).toBeLessThanOrEqual(9 + 9 + 8);
    });

    test('are answered, each with the body that is its own, however many come at once and wherever a read ends', async () => {
      const names = Array.from({ length: 200 }, (_, number) => `${number}-${'x'.repeat(1_000 + number)}`);
      const answers = await sendRaw(server.port, `${names.map((name) => create(name)).join('')}${lastPing}`);
      expect(Array.from(answers.matchAll(/"name":"([^"]+)"/g), ([, name]) => name)).toEqual(names);
    });

    test('a body that comes later is read though others wait behind an answer that takes long', async () => {
      const socket = connect(server.port, '127.0.0.1');
      let answers = '';
      socket.setEncoding('latin1').on('data', (text: string) => {
        answers += text;
      });
      const last = create('late');
      const cut = last.indexOf('{') + 3;
      slow = Promise.withResolvers();
      socket.write(`GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n${create('early').repeat(30)}${last.slice(0, cut)}`);
      await sendRaw(server.port, lastPing);
      socket.write(last.slice(cut));
      await sendRaw(server.port, lastPing);
      expect(answers).toBe('');
      slow.resolve();
      await expect.poll(() => statuses(answers)).toEqual(Array.from({ length: 32 }, () => 200));
      expect(answers).toMatch(/^[^{]*\{"slow":true\}[\s\S]*"name":"late"/);
      socket.destroy();
    });

    describe('and that expect 100-continue', () => {
      const slowly = 'GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n';

      test('get it after the answers ahead, and send the body then', async () => {
        slow = Promise.withResolvers();
        const request = create('continued', 'Expect: 100-continue\r\n');
        const bodyAt = request.indexOf('{');
        const socket = connect(server.port, '127.0.0.1');
        let answers = '';
        socket.setEncoding('latin1').on('data', (text: string) => {
          answers += text;
        });
        socket.write(`${slowly}${request.slice(0, bodyAt)}`);
        await sendRaw(server.port, lastPing);
        expect(answers).toBe('');
        slow.resolve();
        await expect.poll(() => statuses(answers)).toEqual([200, 100]);
        expect(answers).toMatch(/\{"slow":true\}HTTP\/1\.1 100 Continue\r\n\r\n$/);
        socket.write(request.slice(bodyAt));
        await expect.poll(() => statuses(answers)).toEqual([200, 100, 200]);
        expect(answers).toMatch(/"name":"continued"/);
        socket.destroy();
      });

      test('are told that the connection ends when they are refused first, since their bodies may follow or not', async () => {
        slow = Promise.withResolvers();
        const wrong = create('wrong', 'Expect: 100-continue\r\n').replace('{"name"', '{"name ');
        const answers = sendRaw(server.port, `${slowly}${wrong}${ping}`);
        await sendRaw(server.port, lastPing);
        slow.resolve();
        expect(await answers).toMatch(/\{"slow":true\}HTTP\/1\.1 4\d\d [^{]*connection: close[^{]*\{[^{}]*\}$/i);
      });

      test('have none amidst an answer that is there first', async () => {
        slow = Promise.withResolvers();
        const answers = sendRaw(
          server.port,
          `${slowly}${ping.replace('\r\n\r\n', '\r\nExpect: 100-continue\r\n\r\n')}`,
        );
        await sendRaw(server.port, lastPing);
        slow.resolve();
        // It would be the whole of an answer of its length, and the rest of this one the beginning of the next.
        expect(await answers).toMatch(
          /\{"slow":true\}HTTP\/1\.1 200 [^{]*connection: close[^{]*\{[^{}]*"alive"[^{}]*\}$/i,
        );
      });
    });

    test('are all answered before what is said about the bytes behind them, when many wait', async () => {
      const answers = await sendRaw(server.port, `${create('a').repeat(50)}NO REQUEST AT ALL\r\n\r\n`);
      expect(statuses(answers)).toEqual([...Array.from({ length: 50 }, () => 200), 400]);
    });

    test('are not carried out when they wait behind one that ends the connection', async () => {
      begunByTurn = [];
      const flood = turn('many').repeat(100);
      const end = turn('last').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');
      expect(statuses(await sendRaw(server.port, `${flood}${end}${flood}`))).toHaveLength(101);
      expect(begunByTurn.reduce((sum, begun) => sum + begun, 0)).toBe(101);
    });

    test('wait no longer when their client has gone, and the server goes on', async () => {
      slow = Promise.withResolvers();
      const socket = connect(server.port, '127.0.0.1');
      begunByTurn = [];
      socket.write(`GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n${turn('gone').repeat(500)}`);
      await expect.poll(() => begunByTurn.length).toBeGreaterThan(0);
      socket.resetAndDestroy();
      slow.resolve();
      expect(statuses(await sendRaw(server.port, lastPing))).toEqual([200]);
    });
  },
);
