import { lookup } from 'node:dns/promises';
import { copyFileSync, writeFileSync } from 'node:fs';
import { Agent, request as httpsRequest } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { connect, type PeerCertificate } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { TemporaryFolder, yaradb } from '../cli/data-fixture.ts';
import { type Certificate, hasOpenssl, makeCertificate, makeExpiredCertificate } from '../support/certificate.ts';
import { ServerProcess, startServer } from './server-process.ts';

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** The server has not agreed to a connection, so that no request was sent. */
class NotAcceptedError extends Error {}

function ask(url: string, agent: Agent, method = 'GET', body?: unknown): Promise<Answer> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers = text === undefined ? {} : { 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const request = httpsRequest(url, { method, agent, headers }, (response) => {
      let answer = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        answer += part;
      });
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text: answer }));
      response.once('error', reject);
    });
    let isAccepted = false;
    request.once('socket', (socket) => {
      if (request.reusedSocket) isAccepted = true;
      else socket.once('secureConnect', () => (isAccepted = true));
    });
    request.once('error', (cause) => reject(isAccepted ? cause : new NotAcceptedError(cause.message, { cause })));
    request.end(text);
  });
}

/** The name that the certificate of a new connection is made out for, or why there is none. */
function subjectAt(url: string, options: object = {}): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({
      port: Number(new URL(url).port),
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ...options,
    });
    socket.once('secureConnect', () => {
      const { subject }: PeerCertificate = socket.getPeerCertificate();
      resolve(`${subject.CN} ${socket.getProtocol()}`);
      socket.destroy();
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

const flagsOf = ({ certificateFile, keyFile }: Certificate): readonly string[] => [
  '--tls-cert',
  certificateFile,
  '--tls-key',
  keyFile,
];

describe.skipIf(!hasOpenssl)('TLS (without an openssl to make certificates with it cannot be tested)', () => {
  test('the server says https and serves it, with TLS 1.2 and newer and nothing else', async () => {
    using folder = new TemporaryFolder();
    const certificate = makeCertificate(folder.path, 'first', ['IP:127.0.0.1']);
    const { server, url } = await startServer(folder.join('data'), flagsOf(certificate));
    await using _ = server;
    expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    const agent = new Agent({ ca: certificate.pem });
    expect(await ask(`${url}/ping`, agent)).toEqual({ status: 200, text: '{"status":"alive"}' });
    expect(await subjectAt(url)).toBe('first TLSv1.3');
    expect(await subjectAt(url, { maxVersion: 'TLSv1.2' })).toBe('first TLSv1.2');
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
    expect(await subjectAt(url, old)).toMatch(/^ERR_SSL_|^ECONNRESET$/);
    // Who speaks http gets no answer, and no harm is done.
    await new Promise<void>((resolve) => {
      const socket = connectPlain(Number(new URL(url).port), '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\n\r\n'));
      socket.on('error', () => {});
      socket.once('close', () => resolve());
    });
    expect((await ask(`${url}/ping`, agent)).status).toBe(200);
  });

  test('a long list comes to its end, also when its last piece has more bytes than a socket holds and fewer characters', async () => {
    using folder = new TemporaryFolder();
    const certificate = makeCertificate(folder.path, 'first', ['IP:127.0.0.1']);
    const { server, url } = await startServer(folder.join('data'), flagsOf(certificate));
    await using _ = server;
    const agent = new Agent({ ca: certificate.pem });
    // Two pieces of two documents each, and what is left.
    const texts = [...Array.from({ length: 4 }, () => 'x'.repeat(120_000)), '漢'.repeat(50_000)];
    const documents = texts.map((text) => ({ name: 'text', body: { text } }));
    await ask(`${url}/document/batch/create`, agent, 'POST', documents);
    const list = JSON.parse((await ask(`${url}/document/find`, agent, 'POST', {})).text) as {
      body: { text: string };
    }[];
    expect(list.map(({ body }) => body.text)).toEqual(texts);
  });

  test('the log names the address as it is served', async () => {
    using folder = new TemporaryFolder();
    const { server, url } = await startServer(
      folder.join('data'),
      flagsOf(makeCertificate(folder.path, 'first', ['IP:127.0.0.1'])),
    );
    await using _ = server;
    expect(server.stderr).toContain(`"msg":"Server listening at ${url}"`);
  });

  test('--host localhost is every address of that name, and the URL by that name is served', async () => {
    using folder = new TemporaryFolder();
    const certificate = makeCertificate(folder.path, 'localhost', ['DNS:localhost']);
    const { server, url } = await startServer(folder.join('data'), ['--host', 'localhost', ...flagsOf(certificate)]);
    await using _ = server;
    const agent = new Agent({ ca: certificate.pem });
    expect((await ask(`${url}/ping`, agent)).status).toBe(200);
    for (const { address, family } of await lookup('localhost', { all: true })) {
      const host = family === 6 ? `[${address}]` : address;
      await expect
        .poll(() => server.stderr)
        .toContain(`"msg":"Server listening at https://${host}:${new URL(url).port}"`);
    }
  });

  test('the log warns of a certificate that has expired, at the start and again at SIGHUP', async () => {
    using folder = new TemporaryFolder();
    const certificate = makeExpiredCertificate(folder.path, 'first');
    const { server } = await startServer(folder.join('data'), flagsOf(certificate));
    await using _ = server;
    const warnings = () => server.stderr.match(/"level":40,[^\n]*"msg":"the certificate has expired at [^"]+SIGHUP"/g);
    expect(warnings()).toHaveLength(1);
    server.kill('SIGHUP');
    await expect.poll(warnings).toHaveLength(2);
  });

  test('commands reach it: by the data directory whatever the certificate, else with --ca-file', async () => {
    using folder = new TemporaryFolder();
    const certificate = makeCertificate(folder.path, 'elsewhere', ['DNS:localhost']);
    const { server, url } = await startServer(folder.join('data'), flagsOf(certificate));
    await using _ = server;
    const made = await yaradb('token', 'create', '--role', 'admin', '--data-dir', folder.join('data'));
    expect([made.code, made.stderr]).toEqual([0, '']);
    writeFileSync(folder.join('token'), made.stdout);
    expect((await yaradb('snapshot', '--data-dir', folder.join('data'))).stdout).toMatch(/^snapshot: /);
    const named = ['--url', url.replace('127.0.0.1', 'localhost'), '--token-file', folder.join('token')];
    const untrusted = await yaradb('snapshot', ...named);
    expect([untrusted.code, untrusted.stderr]).toEqual([6, expect.stringContaining('--ca-file')]);
    const trusted = await yaradb('snapshot', ...named, '--ca-file', certificate.certificateFile);
    expect([trusted.code, trusted.stderr]).toEqual([0, '']);
    const backup = await yaradb('backup', folder.join('b.tar'), ...named, '--ca-file', certificate.certificateFile);
    expect([backup.code, backup.stderr]).toEqual([0, '']);
    const plain = await yaradb('snapshot', '--url', url.replace('https', 'http'), '--token-file', folder.join('token'));
    expect([plain.code, plain.stderr]).toEqual([
      6,
      expect.stringContaining('If it speaks TLS, its URL begins with https://'),
    ]);
    // The token is sent to nobody whose certificate is not trusted, or is for another name.
    const other = await yaradb(
      'snapshot',
      '--url',
      url,
      '--token-file',
      folder.join('token'),
      '--ca-file',
      certificate.certificateFile,
    );
    expect([other.code, other.stderr]).toEqual([6, expect.stringContaining('cannot be reached')]);
  });

  test('commands say of a server without TLS that it has none, and of a certificate that has expired that it has', async () => {
    using folder = new TemporaryFolder();
    const unencrypted = await startServer(folder.join('unencrypted'));
    await using _ = unencrypted.server;
    const { code, stderr } = await yaradb('snapshot', '--url', unencrypted.url.replace('http', 'https'));
    expect([code, stderr]).toEqual([
      6,
      expect.stringMatching(/^yaradb: the server at \S+ cannot be reached: it speaks no TLS\. .*\n$/),
    ]);
    const certificate = makeExpiredCertificate(folder.path, 'localhost');
    const expired = await startServer(folder.join('data'), flagsOf(certificate));
    await using __ = expired.server;
    const asked = await yaradb('snapshot', '--url', expired.url, '--ca-file', certificate.certificateFile);
    expect([asked.code, asked.stderr]).toEqual([6, expect.stringContaining('Renew its certificate')]);
  });

  test('SIGHUP takes a new certificate for new connections; one that cannot be used changes nothing', async () => {
    using folder = new TemporaryFolder();
    const first = makeCertificate(folder.path, 'first', ['IP:127.0.0.1']);
    const second = makeCertificate(folder.path, 'second', ['IP:127.0.0.1']);
    const { server, url } = await startServer(folder.join('data'), flagsOf(first));
    await using _ = server;
    const agent = new Agent({ ca: first.pem, keepAlive: true, maxSockets: 1 });
    expect((await ask(`${url}/ping`, agent)).status).toBe(200);
    copyFileSync(second.certificateFile, first.certificateFile);
    server.kill('SIGHUP');
    await expect.poll(() => server.stderr).toContain('stay what they were');
    expect(server.stderr).toContain('"problem":"--tls-cert ');
    expect(server.stderr).not.toContain('"stack"');
    expect(await subjectAt(url)).toBe('first TLSv1.3');
    copyFileSync(second.keyFile, first.keyFile);
    server.kill('SIGHUP');
    await expect.poll(() => server.stderr).toContain('were read again');
    expect(await subjectAt(url)).toBe('second TLSv1.3');
    expect((await ask(`${url}/ping`, agent)).status).toBe(200);
    agent.destroy();
    expect((await yaradb('snapshot', '--data-dir', folder.join('data'))).code).toBe(0);
  });

  test.each([
    ['is not there', 'absent.pem', 'ENOENT'],
    ['is none', 'none.pem', 'no PEM files'],
    ['is of another certificate', 'other-key.pem', 'no PEM files'],
    ['is of another kind', 'rsa-key.pem', 'no PEM files'],
  ])('a key that %s stops the start with 1 and one line', async (_case, key, message) => {
    using folder = new TemporaryFolder();
    const { certificateFile } = makeCertificate(folder.path, 'first', ['IP:127.0.0.1']);
    makeCertificate(folder.path, 'other', ['IP:127.0.0.1']);
    makeCertificate(folder.path, 'rsa', ['IP:127.0.0.1'], ['rsa:2048']);
    writeFileSync(folder.join('none.pem'), 'none');
    const flags = ['--tls-cert', certificateFile, '--tls-key', folder.join(key)];
    const { code, stderr } = await new ServerProcess(['--port', '0', '--data-dir', folder.join('data'), ...flags])
      .ended;
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^yaradb: [^\n]+\n$/)]);
    expect(stderr).toContain(message);
  });

  test('SIGTERM under load: every request that was accepted is answered, also over TLS', async () => {
    using folder = new TemporaryFolder();
    const certificate = makeCertificate(folder.path, 'first', ['IP:127.0.0.1']);
    const { server, url } = await startServer(folder.join('data'), flagsOf(certificate));
    await using _ = server;
    const failures: string[] = [];
    const load = Array.from({ length: 8 }, async (_, index) => {
      const agent = new Agent({ ca: certificate.pem, keepAlive: index % 2 === 0, maxSockets: 1 });
      const acknowledged: string[] = [];
      try {
        for (let count = 0; ; count += 1) {
          const marker = `${index}.${count}`;
          const body = { name: 'load', body: { marker } };
          const { status, text } = await ask(`${url}/document/create`, agent, 'POST', body);
          if (status !== 200) failures.push(text);
          acknowledged.push(marker);
        }
      } catch (error) {
        if (!(error instanceof NotAcceptedError)) failures.push(String(error));
        return acknowledged;
      } finally {
        agent.destroy();
      }
    });
    await expect
      .poll(
        async () =>
          (await ask(`${url}/document/find?limit=5`, new Agent({ ca: certificate.pem }), 'POST', {})).text.length,
      )
      .toBeGreaterThan(500);
    server.kill('SIGTERM');
    const { code } = await server.ended;
    const acknowledged = (await Promise.all(load)).flat();
    expect([code, failures]).toEqual([0, []]);
    const again = await startServer(folder.join('data'), flagsOf(certificate));
    await using __ = again.server;
    const found = await ask(`${again.url}/document/find`, new Agent({ ca: certificate.pem }), 'POST', {});
    const markers = new Set(
      (JSON.parse(found.text) as { readonly body: { readonly marker: string } }[]).map(({ body }) => body.marker),
    );
    expect(acknowledged.filter((marker) => !markers.has(marker))).toEqual([]);
    expect(acknowledged.length).toBeGreaterThan(0);
  });
});
