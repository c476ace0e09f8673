import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parseCommandLine, parseConfig } from '../../src/config.ts';
import { TemporaryFolder } from '../cli/data-fixture.ts';
import { ServerProcess } from '../process/server-process.ts';
import { hasOpenssl } from '../support/certificate.ts';
import { documents, readDocument } from './markdown-document.ts';

/** What `npm start` is given, anywhere. */
const starts = documents.flatMap(({ text }) =>
  Array.from(text.matchAll(/^ *npm start -- (.+)$/gm), ([, flags = '']) => flags.split(' ')),
);

describe('the guide of access', () => {
  test('the settings of every start are such as there are', () => {
    expect(starts.length).toBeGreaterThanOrEqual(2);
    for (const flags of starts) expect(() => parseConfig(parseCommandLine(flags).flags, {}, false)).not.toThrow();
  });

  test.skipIf(!hasOpenssl)('what it says about TLS can be pasted (without an openssl it cannot)', async () => {
    using folder = new TemporaryFolder();
    const run = (text: string) =>
      promisify(execFile)('bash', ['--norc', '-euo', 'pipefail', '-c', text], { cwd: folder.path });
    const { text, shellBlocks } = readDocument('guide/access.md');
    const [made] = /openssl req (?:.*\\\n)*.*/.exec(text) ?? [''];
    await run(made);
    const flags = starts.find((each) => each.includes('--tls-cert')) ?? [];
    const args = ['serve', '--port', '0', '--data-dir', folder.join('data'), ...flags];
    await using server = new ServerProcess(args, {}, undefined, ['env', '-C', folder.path]);
    const url = await server.ready();
    const encrypted = shellBlocks.filter((block) => block.includes('https://127.0.0.1'));
    expect(encrypted.length).toBeGreaterThan(0);
    for (const example of encrypted) {
      expect((await run(example.replaceAll('https://127.0.0.1:8000', url))).stdout).toBe('{"status":"alive"}');
    }
  });
});
