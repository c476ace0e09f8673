import { Agent, request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setImmediate as nextTick, setTimeout as wait } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, test } from 'vitest';
import { drainHttpServer } from '../../src/http/graceful-close.ts';
import { defaultHttpTimeouts, type HttpTimeouts } from '../../src/http/http-options.ts';
import { engineVariants } from '../support/engine-variant.ts';
import { send, sendRaw } from '../support/http-client.ts';
import { type ListeningServer, startListeningServer } from '../support/listening-server.ts';

const fastTimeouts: HttpTimeouts = {
  headersMsMax: 50,
  requestMsMax: 100,
  keepAliveMsMax: 50,
  socketIdleMsMax: 60_000,
  closeGraceMs: 0,
  checkIntervalMs: 10,
};

/** The close is over when all have left, and no sooner. */
const patientTimeouts: HttpTimeouts = { ...defaultHttpTimeouts, closeGraceMs: 60_000 };

describe.each(engineVariants)('Connections to the server in front of the %s', (_name, openEngine) => {
  let server: ListeningServer | undefined;

  afterEach(() => server?.close());

  /** A server with one endpoint that answers when it is told to. */
  async function startWithSlowEndpoint(timeouts = defaultHttpTimeouts): Promise<{
    listening: ListeningServer;
    started: Promise<void>;
    finish: () => void;
  }> {
    const begun = Promise.withResolvers<void>();
    const finished = Promise.withResolvers<void>();
    const listening = await startListeningServer(openEngine, {
      http: { timeouts },
      register: (instance: FastifyInstance) => {
        instance.get('/slow', async () => {
          begun.resolve();
          await finished.promise;
          return { slow: true };
        });
      },
    });
    server = listening;
    return { listening, started: begun.promise, finish: () => finished.resolve() };
  }

  test('headers that do not end, and bodies that do not, are 408', async () => {
    server = await startListeningServer(openEngine, { http: { timeouts: fastTimeouts } });
    expect(await sendRaw(server.port, 'GET /ping HTTP/1.1\r\nHost: localhost\r\n')).toMatch(
      /^HTTP\/1\.1 408 [\s\S]*"LIMIT_EXCEEDED"/,
    );
    const head =
      'POST /document/create HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n';
    expect(await sendRaw(server.port, `${head}{`)).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('a connection that never sends a byte, and one that has sent its last request, are closed', async () => {
    server = await startListeningServer(openEngine, { http: { timeouts: fastTimeouts } });
    await sendRaw(server.port, '');
    expect(await sendRaw(server.port, 'GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
  });

  test.each([
    ['at once', 0],
    ['when it has been still for a while', 40],
  ])('a client that asks %s, and waits for longer than it may be idle, is answered', async (_when, stillMs) => {
    const { listening, started, finish } = await startWithSlowEndpoint({ ...fastTimeouts, socketIdleMsMax: 60 });
    const socket = connect(listening.port, '127.0.0.1');
    const answer = collectAnswer(socket);
    await wait(stillMs);
    socket.write('GET /slow HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    await started;
    await wait(200);
    finish();
    expect(await answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*"slow":true/);
  });

  test('closing answers what is under way and says that the connection ends, and takes nothing new', async () => {
    const { listening, started, finish } = await startWithSlowEndpoint();
    const agent = new Agent({ keepAlive: true });
    const answer = new Promise<{ status: number | undefined; connection: string | undefined; text: string }>(
      (resolve, reject) => {
        httpRequest(`${listening.url}/slow`, { agent }, (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
          });
          response.once('end', () =>
            resolve({ status: response.statusCode, connection: response.headers.connection, text }),
          );
        })
          .once('error', reject)
          .end();
      },
    );
    await started;
    const idle = await openSocket(listening.port);
    const used = await openSocket(listening.port, 'GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const closed = listening.server.close();
    await Promise.all([idle.closed, used.closed]);
    await expect(send(`${listening.url}/ping`)).rejects.toThrow('ECONNREFUSED');
    finish();
    expect(await answer).toEqual({ status: 200, connection: 'close', text: '{"slow":true}' });
    await closed;
    agent.destroy();
  });

  test('closing answers a request whose headers have begun to arrive', async () => {
    server = await startListeningServer(openEngine);
    const { port, server: instance } = server;
    const accepted = new Promise<Socket>((resolve) => instance.server.once('connection', resolve));
    const { socket, closed } = await openSocket(port);
    let answer = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      answer += chunk;
    });
    socket.write('GET /ping HTTP/1.1\r\n');
    const serverSide = await accepted;
    await expect.poll(() => serverSide.bytesRead).toBeGreaterThan(0);
    const serverClosed = instance.close();
    await expect.poll(() => instance.server.listening).toBe(false);
    socket.write('Host: localhost\r\n\r\n');
    await closed;
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*connection: close[\s\S]*"alive"/i);
    await serverClosed;
  });

  test('closing answers what it has not read yet: on a connection that was idle, and on one not accepted yet', async () => {
    server = await startListeningServer(openEngine, { http: { timeouts: patientTimeouts } });
    const request = 'GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
    const idle = await openSocket(server.port, 'GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const answers = [collectAnswer(idle.socket)];
    // All of it in one turn of the event loop, which the server shares: it can have seen none of this when it closes.
    idle.socket.write(request);
    const fresh = connect(server.port, '127.0.0.1');
    answers.push(collectAnswer(fresh));
    fresh.write(request);
    const serverClosed = drainHttpServer(server.server, 60_000);
    for (const answer of await Promise.all(answers)) {
      expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*"alive"/);
    }
    await serverClosed;
  });

  test('closing waits a moment for requests that are on their way, and takes no new connection', async () => {
    server = await startListeningServer(openEngine, { http: { timeouts: patientTimeouts } });
    const { url, port, server: instance } = server;
    const { socket } = await openSocket(port, 'GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const answer = collectAnswer(socket);
    const serverClosed = instance.close();
    await expect.poll(() => instance.server.listening).toBe(false);
    await expect(send(`${url}/ping`)).rejects.toThrow('ECONNREFUSED');
    socket.write('GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(await answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*connection: close[\s\S]*"alive"/i);
    // There is nobody left to wait for.
    await serverClosed;
  });

  test('a drain cuts what takes longer than it may', async () => {
    const { listening, started, finish } = await startWithSlowEndpoint();
    const answer = send(`${listening.url}/slow`);
    const failed = expect(answer).rejects.toThrow();
    await started;
    await drainHttpServer(listening.server, 20);
    await failed;
    finish();
  });

  test('hundreds of connections that send nothing do not keep health from answering', async () => {
    server = await startListeningServer(openEngine);
    const { port, url } = server;
    const sockets = await Promise.all(Array.from({ length: 300 }, () => openSocket(port)));
    expect((await send(`${url}/livez`)).text).toBe('ok');
    expect((await send(`${url}/readyz`)).status).toBe(200);
    await server.close();
    server = undefined;
    await Promise.all(sockets.map(({ closed }) => closed));
  });
});

/** All that comes on the connection from now on, until it ends or is reset. */
function collectAnswer(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      answer += chunk;
    });
    socket.on('error', () => undefined);
    socket.once('close', () => resolve(answer));
  });
}

/** A bare connection that the server has accepted and, when it was given something to say, answered. */
async function openSocket(port: number, bytes = ''): Promise<{ socket: Socket; closed: Promise<void> }> {
  const socket = connect(port, '127.0.0.1');
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.on('error', () => undefined);
  });
  await new Promise((resolve) => socket.once('connect', resolve));
  if (bytes !== '') {
    socket.write(bytes);
    await new Promise((resolve) => socket.once('data', resolve));
  } else {
    socket.resume();
    await nextTick();
  }
  return { socket, closed };
}
