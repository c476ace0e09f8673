import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { anonymous } from '../../src/database/principal.ts';
import type { JsonObject } from '../../src/document/json.ts';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { type Ending, ServerProcess } from '../process/server-process.ts';

/** A folder that is gone after the test. */
export class TemporaryFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'yaradb-cli-'));

  join(...parts: readonly string[]): string {
    return join(this.path, ...parts);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

/** Runs `yaradb` with these arguments to its end. */
export function yaradb(...args: readonly string[]): Promise<Ending> {
  return new ServerProcess(args).ended;
}

/** The ids of the documents that `fillDatabase` made. */
export interface Filled {
  readonly alice: string;
  readonly bob: string;
  readonly carol: string;
}

/** Eight commits in as many frames: two tables, updates, an archive, a batch. */
export async function fillDatabase(directory: string): Promise<Filled> {
  const database = await openEmbeddedDatabase({ directory });
  const create = async (name: string, body: JsonObject, table?: string): Promise<string> => {
    const { documents } = await database.commit(anonymous, [{ kind: 'create', name, body, table }]);
    return documents[0]?.id ?? '';
  };
  const alice = await create('user', { username: 'alice', level: 1 }, 'users'); // 1
  const bob = await create('user', { username: 'bob', big: 12345678901234567890n }); // 2
  await update(database, alice, 1, { username: 'alice', level: 2 }); // 3
  await database.commit(anonymous, [
    { kind: 'create', name: 'a', body: { n: 1 } },
    { kind: 'create', name: 'b', body: { n: 2 }, table: 'users' },
  ]); // 4
  await database.commit(anonymous, [{ kind: 'archive', id: bob }]); // 5
  const carol = await create('user', { username: 'carol', text: 'x'.repeat(500) }); // 6
  await update(database, alice, 2, { username: 'alice', level: 3 }); // 7
  await update(database, carol, 1, { username: 'carol' }); // 8
  await database.close();
  return { alice, bob, carol };
}

async function update(database: EmbeddedDatabase, id: string, version: number, body: JsonObject): Promise<void> {
  await database.commit(anonymous, [{ kind: 'update', id, version, body }]);
}

/** Every file below a directory with its bytes in hex, to compare. */
export function contentsOf(directory: string): Record<string, string> {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(files.sort().map((path) => [path, readFileSync(path, 'hex')]));
}

/** Changes one byte of a file: the first of the text in it, or the one at an offset. */
export function damage(path: string, where: string | number): void {
  const bytes = readFileSync(path);
  const at = typeof where === 'number' ? where : bytes.indexOf(where);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

/** The segments of a data directory, oldest first. */
export function segmentsOf(directory: string): string[] {
  const log = join(directory, 'log');
  return readdirSync(log)
    .filter((name) => name.endsWith('.log'))
    .sort()
    .map((name) => join(log, name));
}

export function makeFolder(path: string): string {
  mkdirSync(path);
  return path;
}
