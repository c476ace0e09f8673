import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseCommandLine, parseConfig } from '../../src/config.ts';
import { ServerProcess } from '../process/server-process.ts';
import { hasOpenssl } from '../support/certificate.ts';
import { readDocument, root } from './markdown-document.ts';
import { Workplace } from './workplace.ts';

const { text, shellBlocks } = readDocument('guide/network.md');

/** The blocks of a part of the guide. */
function blocksOf(heading: string): readonly string[] {
  const [, part = ''] = text.split(`## ${heading}\n`);
  const [own = ''] = part.split('\n## ');
  return shellBlocks.filter((block) => own.includes(`\`\`\`bash\n${block}\`\`\``));
}

describe.skipIf(!hasOpenssl)('the guide to a server on a network (without an openssl it cannot be followed)', () => {
  test('is followed from its first line to its last, by somebody who has nothing', async () => {
    using workplace = new Workplace();
    const [certificate = '', token = '', start = '', ...none] = blocksOf('Start');
    expect(none).toEqual([]);
    const nowhere = 'https://127.0.0.1:9';
    await workplace.paste(certificate, nowhere);
    const made = await workplace.paste(token, nowhere);
    expect(made.stderr).toContain('no server runs on');
    const flags = /^npm start -- (.*)\n$/.exec(start)?.[1]?.split(' ') ?? [];
    const args = ['serve', '--port', '0', ...flags];
    await using server = new ServerProcess(args, {}, undefined, ['env', '-C', workplace.directory]);
    const url = await server.ready();
    const variables = { PID: String(server.pid) };

    /** What each block of the part prints. */
    const follow = async (heading: string): Promise<readonly string[]> => {
      const printed: string[] = [];
      for (const block of blocksOf(heading)) {
        const { stdout, stderr } = await workplace.paste(block, url, variables);
        // What OpenSSL prints on the way.
        expect([block, stderr.replace('-----\n', '')]).toEqual([block, '']);
        printed.push(stdout);
      }
      expect(printed.length).toBeGreaterThan(0);
      return printed;
    };

    const [alive = '', allowed = '', refused = ''] = await follow('Ask it');
    expect(alive).toMatch(/^ok\{"_id":/);
    expect(allowed).toMatch(/"item":"lamp".*"item":"chair".*yaradb_sequence \d+/s);
    expect(refused).toContain("'shop' needs the role 'write' on table 'people' for this");

    const [backedUp = ''] = await follow('Back up, and get it back');
    const digests = Array.from(backedUp.matchAll(/state digest ([\da-f]{64})/g), ([, digest]) => digest);
    expect([digests.length, new Set(digests).size]).toEqual([3, 1]);
    expect(backedUp).toContain('holds 2 documents');

    const [replaced = ''] = await follow('Replace a token');
    expect(replaced).toMatch(/^revoked: \w{12} \(shop\)\nID .*revoked 20.*\nforgotten: \w{12} \(shop\)\n$/s);

    const before = readFileSync(`${workplace.directory}/cert.pem`, 'utf8');
    await expect(follow('Replace the certificate')).resolves.toBeDefined();
    expect(readFileSync(`${workplace.directory}/cert.pem`, 'utf8')).not.toBe(before);
    expect(server.stderr).toContain(`"pid":${server.pid}`);
    await expect.poll(() => server.stderr).toContain('the files of certificates and keys were read again');
    const [again = ''] = blocksOf('Ask it');
    expect((await workplace.paste(again, url)).stdout).toMatch(/^ok/);

    server.kill('SIGTERM');
    expect((await server.ended).code).toBe(0);
  });

  test('names what the server and its commands really say', () => {
    const [, table = ''] = text.split('## When it does not go');
    const said = Array.from(table.matchAll(/^\| (`[^|]+) \|/gm), ([, cell = '']) =>
      Array.from(cell.matchAll(/`([^`]+)`/g), ([, words = '']) => words),
    ).flat();
    expect(said.length).toBeGreaterThan(10);
    const sources = [
      'src/server-access.ts',
      'src/cli/serve.ts',
      'src/cli/server-files.ts',
      'src/cli/certificate-notice.ts',
      'src/cli/server-request.ts',
      'src/cli/failure.ts',
      'src/embedded/maintenance/restoration.ts',
      'src/access/authenticator.ts',
      'src/access/requirements.ts',
      'src/http/http-refusal.ts',
      'src/embedded/directory-lock.ts',
    ].map((path) => readFileSync(new URL(path, root), 'utf8'));
    // OpenSSL's own words.
    const own = said.filter((words) => words !== 'self-signed certificate');
    const isSaid = (words: string) => {
      const parts = words.split(/'[^']*'|\b8000 of 0\.0\.0\.0\b/).map((part) => part.trim());
      return sources.some((source) => parts.every((part) => source.replaceAll(/\$\{[^}]*\}/g, '').includes(part)));
    };
    expect(own.filter((words) => !isSaid(words))).toEqual([]);
  });
});

test('the unit for systemd starts the server with settings that there are, and stops it in order', () => {
  const unit = readFileSync(new URL('operations/yaradb.service', root), 'utf8');
  const [, command = ''] = /^ExecStart=(.+)$/m.exec(unit) ?? [];
  const [node, main, serve, ...flags] = command.split(' ');
  expect([node, main, serve]).toEqual(['/opt/yaradb/node_modules/.bin/node', '/opt/yaradb/src/cli/main.ts', 'serve']);
  const config = parseConfig(parseCommandLine(flags).flags, {}, false);
  expect(config.dataDirectory).toBe('/var/lib/yaradb');
  const [, seconds = '0'] = /^TimeoutStopSec=(\d+)$/m.exec(unit) ?? [];
  expect(Number(seconds) * 1_000).toBeGreaterThan(config.drainMsMax);
  const [, descriptors = '0'] = /^LimitNOFILE=(\d+)$/m.exec(unit) ?? [];
  expect(Number(descriptors)).toBeGreaterThan(config.connectionsMax);
});
