import { type Client, createClient } from 'graphql-ws';
import { afterEach, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { ProtectedServer } from './protected-server.ts';

/** Of one a second, so that a second within the test gives one more and no test lasts. */
const limited = ['--auth', 'required', '--requests-per-second-max', '1'];
const query = '{ status { version } }';

/** The limit of requests a second, over whatever a client uses. Each test asks until it is refused: a busy machine may take a second for two requests. */
describe('requests a second', () => {
  const clients: Client[] = [];
  afterEach(() => Promise.all(clients.splice(0).map((client) => client.dispose())));

  async function startWith(...names: readonly string[]): Promise<{ server: ProtectedServer; tokens: string[] }> {
    const server = await ProtectedServer.start(limited);
    const tokens: string[] = [];
    for (const name of names) {
      const body = { name, roles: ['read'] };
      const make = () => server.ask(server.operatorToken, '/system/tokens', { method: 'POST', body });
      await expect
        .poll(
          async () => {
            const { status, json } = await make();
            if (status === 200) tokens.push(String((json as { readonly token: string }).token));
            return status;
          },
          { timeout: 30_000, interval: 300 },
        )
        .toBe(200);
    }
    return { server, tokens };
  }

  function open(server: ProtectedServer, token: string): Client {
    const client = createClient({
      url: `${server.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${token}` },
      lazyCloseTimeout: 60_000,
      retryAttempts: 0,
    });
    clients.push(client);
    return client;
  }

  /** What the operation came to: its data or its errors. */
  async function run(client: Client): Promise<string> {
    return new Promise((resolve, reject) => {
      client.subscribe(
        { query },
        { next: (result) => resolve(JSON.stringify(result)), error: reject, complete: () => {} },
      );
    }).then(String, (errors: unknown) => JSON.stringify(errors));
  }

  const seen = { timeout: 30_000, interval: 1 };

  test('are counted for each token by itself, whatever its address', async () => {
    const { server, tokens } = await startWith('first', 'second');
    await using _ = server;
    const [first = '', second = ''] = tokens;
    await expect.poll(async () => (await server.ask(first, '/table/list')).status, seen).toBe(429);
    expect((await server.ask(second, '/table/list')).status).toBe(200);
  });

  test('operations over a WebSocket count, and are refused with the code and the seconds to wait', async () => {
    const { server, tokens } = await startWith('first');
    await using _ = server;
    const client = open(server, tokens[0] ?? '');
    await expect.poll(() => run(client), seen).toContain('RATE_LIMITED');
    const refusal = { timeout: 30_000, interval: 1 };
    await expect
      .poll(() => run(client), refusal)
      .toMatch(/--requests-per-second-max.*"extensions":\{"code":"RATE_LIMITED","limit":1,"retryAfterSeconds":1\}/);
    // The connection stands, and its operations are answered when there is room again.
    await expect.poll(() => run(client), { timeout: 30_000, interval: 1_100 }).toContain('"version"');
  });

  test('a client has one limit, whether it asks by requests or over a WebSocket', async () => {
    const { server, tokens } = await startWith('first');
    await using _ = server;
    const token = tokens[0] ?? '';
    const client = open(server, token);
    const httpThenSocket = async () => {
      const { status } = await server.ask(token, '/table/list');
      return status === 200 && (await run(client)).includes('RATE_LIMITED');
    };
    await expect.poll(httpThenSocket, { timeout: 30_000, interval: 200 }).toBe(true);
    const socketThenHttp = async () =>
      (await run(client)).includes('"version"') && (await server.ask(token, '/table/list')).status === 429;
    await expect.poll(socketThenHttp, { timeout: 30_000, interval: 200 }).toBe(true);
  });
});
