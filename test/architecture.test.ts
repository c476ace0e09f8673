import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';

/**
 * Which rooms of `src/` each room may import from, besides itself. A room is a folder, or a file at the top level; what is not
 * listed here may not exist. See `src/ARCHITECTURE.md`.
 */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  'errors.ts': ['document'],
  document: ['errors.ts'],
  query: ['document', 'errors.ts'],
  database: ['document', 'query', 'errors.ts'],
  embedded: ['database', 'document', 'query', 'errors.ts'],
  streaming: ['database', 'document', 'errors.ts'],
  access: ['database', 'document', 'query', 'errors.ts'],
  page: [],
  openapi: ['page', 'errors.ts'],
  graphql: ['openapi', 'page', 'streaming', 'database', 'document', 'query', 'errors.ts'],
  rest: ['openapi', 'streaming', 'database', 'document', 'query', 'errors.ts'],
  http: ['openapi', 'access', 'database', 'document', 'query', 'errors.ts'],
  'setting.ts': [],
  settings: ['setting.ts'],
  'config.ts': ['settings', 'setting.ts'],
  'server-access.ts': ['config.ts', 'settings', 'access', 'database'],
  'app.ts': [
    'config.ts',
    'settings',
    'server-access.ts',
    'access',
    'embedded',
    'graphql',
    'rest',
    'http',
    'database',
    'document',
    'query',
    'errors.ts',
  ],
  cli: [
    'app.ts',
    'server-access.ts',
    'config.ts',
    'settings',
    'setting.ts',
    'access',
    'embedded',
    'graphql',
    'database',
    'document',
    'query',
    'errors.ts',
  ],
};

/** The packages that only some rooms may know, so that one can be replaced without touching the others. */
const packageRooms: Readonly<Record<string, readonly string[]>> = {
  fastify: ['http', 'rest', 'graphql', 'openapi', 'page', 'app.ts'],
  graphql: ['graphql', 'cli'],
  'graphql-yoga': ['graphql'],
  'graphql-ws': ['graphql'],
  ws: ['graphql'],
  '@pothos/core': ['graphql'],
  pino: ['http', 'graphql', 'rest', 'server-access.ts', 'app.ts', 'cli'],
  'pino-pretty': ['cli'],
  jose: ['access'],
  'csv-parse': ['cli'],
  'fs-native-extensions': ['embedded'],
  'node:fs': ['embedded', 'openapi', 'cli'],
  'node:fs/promises': ['embedded', 'openapi', 'cli'],
  'prom-client': ['http'],
};

interface SourceFile {
  /** Below `src/`, with slashes. */
  readonly path: string;
  readonly text: string;
}

function roomOf(path: string): string {
  return path.split('/', 1)[0] ?? path;
}

function importsOf({ text }: SourceFile): readonly string[] {
  const statements =
    /^\s*(?:import|export)\b[^;'"]*?from\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm;
  return Array.from(text.matchAll(statements), (match) => match[1] ?? match[2] ?? match[3] ?? '');
}

function importViolations(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap((file) => {
    const room = roomOf(file.path);
    const allowed = mayImport[room];
    if (allowed === undefined) return [`${file.path}: the room ${room} is not in the picture`];
    return importsOf(file).flatMap((imported) => {
      if (!imported.startsWith('.')) {
        return packageRooms[imported]?.includes(room) === false ? [`${file.path} imports the package ${imported}`] : [];
      }
      const target = normalize(join(dirname(file.path), imported))
        .split('\\')
        .join('/');
      if (target.startsWith('..')) return [`${file.path} imports ${imported}, outside src`];
      const targetRoom = roomOf(target);
      return targetRoom === room || allowed.includes(targetRoom) ? [] : [`${file.path} imports ${target}`];
    });
  });
}

/** Below the doors, the clock, chance and files come in through ports, so that one seed can decide a whole run. */
function portViolations(files: readonly SourceFile[]): readonly string[] {
  const forbidden =
    /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bset(?:Timeout|Interval|Immediate)\(|\bperformance\.now\(/;
  const filePackages = /^node:fs(?:\/promises)?$|^fs-native-extensions$/;
  return files
    .filter(({ path }) => /^(?:document|query|database|embedded)\//.test(path) && !path.startsWith('embedded/ports/'))
    .flatMap((file) => {
      const call = forbidden.exec(file.text)?.[0];
      const touched = importsOf(file).find((imported) => filePackages.test(imported)) ?? call;
      return touched === undefined ? [] : [`${file.path} touches ${touched}`];
    });
}

function readSources(): readonly SourceFile[] {
  const root = new URL('../src/', import.meta.url);
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((path) => path.split('\\').join('/'))
    .filter((path) => path.endsWith('.ts'))
    .map((path) => ({ path, text: readFileSync(new URL(path, root), 'utf8') }));
}

describe('architecture', () => {
  const sources = readSources();

  test('imports point down only', () => {
    expect(sources.flatMap(importsOf).length).toBeGreaterThan(100);
    expect(importViolations(sources)).toEqual([]);
  });

  test('below the doors nothing touches the clock, chance or files but through a port', () => {
    expect(portViolations(sources)).toEqual([]);
  });

  test.each([
    [
      'rest/router.ts',
      "import type { X } from '../embedded/log/log.ts';",
      'rest/router.ts imports embedded/log/log.ts',
    ],
    ['graphql/a.ts', "import {\n  x,\n  y,\n} from '../rest/b.ts';", 'graphql/a.ts imports rest/b.ts'],
    ['embedded/a.ts', "export { x } from '../http/b.ts';", 'embedded/a.ts imports http/b.ts'],
    ['document/a.ts', "const x = await import('../query/filter.ts');", 'document/a.ts imports query/filter.ts'],
    ['database/a.ts', "import '../app.ts';", 'database/a.ts imports app.ts'],
    ['embedded/a.ts', "import fastify from 'fastify';", 'embedded/a.ts imports the package fastify'],
    ['helpers/a.ts', '', 'helpers/a.ts: the room helpers is not in the picture'],
  ])('an import that points up in %s is found', (path, text, violation) => {
    expect(importViolations([{ path, text }])).toEqual([violation]);
  });

  test.each([
    ['embedded/a.ts', "import { open } from 'node:fs/promises';", 'embedded/a.ts touches node:fs/promises'],
    ['query/a.ts', 'const now = Date.now();', 'query/a.ts touches Date.now('],
  ])('a look past the ports in %s is found', (path, text, violation) => {
    expect(portViolations([{ path, text }])).toEqual([violation]);
  });
});
