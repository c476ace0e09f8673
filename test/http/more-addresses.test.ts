import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Socket, connect as tcpConnect } from 'node:net';
import { connect } from 'node:tls';
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, test } from 'vitest';
import { replaceTlsFiles } from '../../src/http/transport-server.ts';
import { TemporaryFolder } from '../cli/data-fixture.ts';
import { hasOpenssl, makeCertificate } from '../support/certificate.ts';
import { engineVariants } from '../support/engine-variant.ts';
import { send } from '../support/http-client.ts';
import { type ListeningServer, startListeningServer } from '../support/listening-server.ts';

/** Another address that every machine has, IPv6 or not: all of 127.0.0.0/8 is loopback. */
const another = '127.0.0.2';
/** RFC 5737, section 3: no machine has it. */
const absent = '192.0.2.77';

let server: ListeningServer | undefined;
afterEach(() => server?.close());

async function exchange(port: number, bytes: string): Promise<string> {
  const socket = tcpConnect(port, another, () => socket.write(bytes));
  let answer = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    answer += text;
  });
  await once(socket, 'close');
  return answer;
}

describe.each(engineVariants.slice(0, 1))(
  'a server of the %s that listens on more than one address',
  (_name, openEngine) => {
    test('answers at each, and counts connections and refuses what is no request as at the first', async () => {
      server = await startListeningServer(openEngine, { http: { connectionsMax: 1 } });
      const { port, server: instance } = server;
      expect(await instance.moreAddresses.open(instance.server, [another], port)).toEqual([another]);
      expect((await send(`http://${another}:${port}/ping`)).status).toBe(200);
      expect(await exchange(port, 'nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [\s\S]*"code":"INVALID_ARGUMENT"/);
      const held = tcpConnect(port, another);
      await once(held, 'connect');
      await expect.poll(async () => (await send(`http://${another}:${port}/document/get/x`)).status).toBe(503);
      held.destroy();
    });

    test('closes at each: what is under way is answered, idle connections end, nobody is accepted', async () => {
      const begun = Promise.withResolvers<void>();
      const finished = Promise.withResolvers<void>();
      server = await startListeningServer(openEngine, {
        register: (instance: FastifyInstance) => {
          instance.get('/slow', async () => {
            begun.resolve();
            await finished.promise;
            return { slow: true };
          });
        },
      });
      const { port, server: instance } = server;
      await instance.moreAddresses.open(instance.server, [another], port);
      const idle = tcpConnect(port, another);
      await once(idle, 'connect');
      const answer = send(`http://${another}:${port}/slow`);
      await begun.promise;
      let isClosed = false;
      const closed = instance.close().then(() => {
        isClosed = true;
      });
      await once(idle.resume(), 'close');
      await expect(send(`http://${another}:${port}/ping`)).rejects.toThrow('ECONNREFUSED');
      expect(isClosed).toBe(false);
      finished.resolve();
      expect(await answer).toMatchObject({ status: 200, headers: { connection: 'close' }, json: { slow: true } });
      await closed;
    });

    test('passes over an address that the machine does not have, and fails for one whose port is taken', async () => {
      server = await startListeningServer(openEngine);
      const { port, server: instance } = server;
      expect(await instance.moreAddresses.open(instance.server, [absent], port)).toEqual([]);
      const other = createServer().listen(port, another);
      await once(other, 'listening');
      await expect(instance.moreAddresses.open(instance.server, [another], port)).rejects.toThrow('EADDRINUSE');
      other.close();
    });

    test.skipIf(!hasOpenssl)('speaks TLS at each, with a renewed certificate too (it takes an openssl)', async () => {
      using folder = new TemporaryFolder();
      const [first, second] = ['first', 'second'].map((name) => {
        const { pem: certificate, keyFile } = makeCertificate(folder.path, name, [`IP:${another}`]);
        return { certificate, key: readFileSync(keyFile, 'utf8') };
      });
      if (first === undefined || second === undefined) throw new TypeError('Two were made');
      server = await startListeningServer(openEngine, { http: { tls: first } });
      const { port, server: instance } = server;
      await instance.moreAddresses.open(instance.server, [another], port);
      expect(await subjectAt(port)).toBe('first');
      replaceTlsFiles(instance, second);
      expect(await subjectAt(port)).toBe('second');
    });
  },
);

async function subjectAt(port: number): Promise<unknown> {
  const socket = connect({ port, host: another, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { subject } = socket.getPeerCertificate();
  await end(socket);
  return subject.CN;
}

async function end(socket: Socket): Promise<void> {
  socket.destroy();
  await once(socket, 'close');
}
