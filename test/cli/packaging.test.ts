import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { settings } from '../../src/config.ts';
import { ServerProcess } from '../process/server-process.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (name: string): string => readFileSync(join(root, name), 'utf8');

describe('published package', () => {
  test('what the build emits runs on plain Node, from `dist` and package.json alone', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'yaradb-package-'));
    try {
      const compiler = join(root, 'node_modules/typescript/bin/tsc');
      await promisify(execFile)(process.execPath, [
        compiler,
        '-p',
        join(root, 'tsconfig.build.json'),
        '--outDir',
        join(directory, 'dist'),
      ]);
      await promisify(execFile)(process.execPath, [join(root, 'scripts/copy-viewer.mjs'), join(directory, 'dist')]);
      expect(existsSync(join(directory, 'dist/openapi/viewer/LICENSE'))).toBe(true);
      cpSync(join(root, 'package.json'), join(directory, 'package.json'));
      symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
      const { bin } = JSON.parse(read('package.json'));
      const main = join(directory, bin.yaradb);
      expect(readFileSync(main, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
      const server = new ServerProcess(['serve', '--port', '0', '--data-dir', join(directory, 'data')], {}, main);
      await using _ = server;
      const url = await server.ready();
      const page = await fetch(`${url}/graphql`, { headers: { accept: 'text/html' } });
      const docs = await fetch(`${url}/docs`);
      expect([page.status, docs.status, (await fetch(`${url}/readyz`)).status]).toEqual([200, 200, 200]);
      server.kill('SIGTERM');
      expect((await server.ended).code).toBe(0);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test('the lock file names no registry, so that it installs from any', () => {
    expect(read('package-lock.json')).not.toMatch(/"resolved": "https?:/);
  });
});

// `npm ci` refuses a lock file that lacks one, on every platform.
test('the lock file holds the optional packages of every platform', () => {
  const packages = new Map<string, { readonly optionalDependencies?: object }>(
    Object.entries(JSON.parse(read('package-lock.json')).packages),
  );
  const locked = [...packages.keys()].map((path) =>
    path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
  );
  const optional = [...packages.values()].flatMap(({ optionalDependencies }) =>
    Object.keys(optionalDependencies ?? {}),
  );
  expect(optional.length).toBeGreaterThan(0);
  expect(optional.filter((name) => !locked.includes(name))).toEqual([]);
});

describe('Docker', () => {
  const dockerfile = read('Dockerfile');

  test('everything that is copied into the image exists and is let through by .dockerignore', () => {
    const sources = Array.from(dockerfile.matchAll(/^COPY (?!--from)(.+)$/gm), ([, rest = '']) =>
      rest.split(' ').slice(0, -1),
    );
    const ignored = read('.dockerignore').split('\n');
    expect(ignored).toContain('*');
    for (const source of sources.flat()) {
      expect([source, existsSync(join(root, source)), ignored.includes(`!${source}`)]).toEqual([source, true, true]);
    }
    expect(sources.flat()).toContain('src');
  });

  test('the code never lives in /app, where compose files of the Python YaraDB mount their data', () => {
    const instructions = dockerfile.split('\n').filter((line) => !line.startsWith('#'));
    expect(instructions.filter((line) => /(^|[\s=])\/app\b/.test(line))).toEqual([]);
  });

  test('the environment of the image is made of settings that exist', () => {
    const variables = Array.from(dockerfile.matchAll(/\b(YARADB_\w+)=(\S+)/g), ([, name = '', value = '']) => [
      name,
      value,
    ]);
    expect(variables.length).toBeGreaterThan(2);
    const known = new Map<string, (typeof settings)[keyof typeof settings]['type']>(
      Object.values(settings).flatMap(({ environment, type }) => environment.map((name) => [name, type])),
    );
    for (const [name = '', value = ''] of variables)
      expect([name, known.get(name)?.parse(value)]).not.toContain(undefined);
  });
});
