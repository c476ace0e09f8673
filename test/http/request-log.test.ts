import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import { engineVariants } from '../support/engine-variant.ts';
import { send } from '../support/http-client.ts';
import { type ListeningServer, startListeningServer } from '../support/listening-server.ts';

type Line = Record<string, unknown>;

describe.each(engineVariants)('The log of requests to the %s', (_name, openEngine) => {
  const servers: ListeningServer[] = [];
  afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

  /** A server that logs from `level` on, with some endpoints that log. @returns the lines of requests, as they come. */
  async function startLogging(level: string): Promise<{ readonly url: string; readonly lines: Line[] }> {
    const lines: Line[] = [];
    const logger = pino({ level }, { write: (line: string) => lines.push(JSON.parse(line)) });
    const server = await startListeningServer(openEngine, {
      http: { logger },
      register: (instance) => {
        instance.get('/bug', () => {
          throw new Error('the secret of the bug');
        });
        instance.get('/talk', ({ log }, reply) => {
          for (const each of ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const) log[each]({ each }, 'said');
          log.child({ part: 'deep' }).warn('said by the child');
          reply.log.info({ res: reply, req: reply.request }, 'the whole of both');
          log.silent('nothing');
          reply.send({ level: log.level });
        });
        instance.get('/server', (_request, reply) => {
          instance.log.warn('said by the server');
          reply.send({});
        });
      },
    });
    servers.push(server);
    lines.length = 0;
    return { url: server.url, lines };
  }

  test('a line of a request names the request, as its answer does, whether requests have lines of their own or not', async () => {
    for (const level of ['debug', 'info']) {
      const { url, lines } = await startLogging(level);
      const answer = await send(`${url}/bug`, { headers: { 'x-request-id': 'mine-1' } });
      expect([answer.status, answer.headers['x-request-id']]).toEqual([500, 'mine-1']);
      const [line] = lines.filter(({ msg }) => msg === 'internal error');
      expect(line).toMatchObject({
        level: 50,
        reqId: 'mine-1',
        requestId: 'mine-1',
        url: '/bug',
        err: { type: 'Error' },
      });
    }
  });

  test('requests have lines of their own at debug only', async () => {
    const debugged = await startLogging('debug');
    await send(`${debugged.url}/ping`);
    await expect
      .poll(() => debugged.lines)
      .toMatchObject([{ msg: 'request', method: 'GET', url: '/ping', status: 200, milliseconds: expect.any(Number) }]);
    const { url, lines } = await startLogging('info');
    await send(`${url}/ping`);
    await Promise.all(servers.map(({ server }) => server.close()));
    expect(lines).toEqual([]);
  });

  test('what a request says is written from the level on, and the router shows no more of it than its method, URL and status', async () => {
    const { url, lines } = await startLogging('info');
    const { json } = await send(`${url}/talk?x=1`, { headers: { 'x-request-id': 'mine-2' } });
    expect(json).toEqual({ level: 'info' });
    expect(lines.map(({ each, part, msg, reqId }) => [each ?? part, msg, reqId])).toEqual([
      ...['info', 'warn', 'error', 'fatal'].map((each) => [each, 'said', 'mine-2']),
      ['deep', 'said by the child', 'mine-2'],
      [undefined, 'the whole of both', 'mine-2'],
    ]);
    expect(lines.at(-1)).toMatchObject({ req: { method: 'GET', url: '/talk?x=1' }, res: { statusCode: 200 } });
  });

  test('the logger of the server is the one that was given', async () => {
    const { url, lines } = await startLogging('warn');
    await send(`${url}/server`);
    expect(lines).toMatchObject([{ level: 40, msg: 'said by the server' }]);
  });
});
