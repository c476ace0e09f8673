import { writeFileSync } from 'node:fs';
import type { Operation } from '../../src/database/operation.ts';
import { anonymous } from '../../src/database/principal.ts';
import type { IndexDefinition } from '../../src/database/table.ts';
import { parsePath } from '../../src/document/path.ts';
import type { EmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { formatVersion } from '../../src/embedded/log/file-header.ts';
import { openBackup } from '../../src/embedded/maintenance/backup-reader.ts';
import { documentId } from '../embedded/log/log-fixture.ts';
import { SimulatedFileSystem } from '../fault/simulated-file-system.ts';
import {
  bodyOf,
  filesOf,
  type GoldenBackup,
  type GoldenDatabase,
  type GoldenRequest,
  linesOf,
  openGolden,
  restoreGolden,
  shownBy,
} from './golden-database.ts';

/**
 * Makes the golden files of the format's version as it is now: `npm run fix:golden`. Those of a version that was released are never made
 * again; they are what shows that it can still be read.
 */
const id = documentId;
const lives: readonly (readonly (readonly Operation[])[])[] = [
  [
    [{ kind: 'create', id: id(1), body: bodyOf('{"n":1}') }],
    [
      { kind: 'create', id: id(2), table: 'people', name: 'Ada', body: bodyOf('{"text":"ä𝄞\\n\\"\\u0000","":[]}') },
      {
        kind: 'create',
        id: id(3),
        table: '__proto__',
        body: bodyOf('{"__proto__":{"a":null},"constructor":[true,{}]}'),
      },
    ],
    [{ kind: 'update', id: id(1), version: 1, body: bodyOf('{"big":12345678901234567890,"small":-0.5e-7}') }],
    [{ kind: 'archive', id: id(3) }],
  ],
  [
    [{ kind: 'create', body: bodyOf(`{"long":"${'x'.repeat(800)}"}`) }],
    [
      { kind: 'restore', id: id(3) },
      { kind: 'archive', id: id(2), version: 1 },
    ],
    [{ kind: 'update', id: id(1), version: 2, body: bodyOf('{}') }],
    [{ kind: 'create', id: id(4), table: 'people', body: bodyOf('{"list":[1,[2,[3]]]}') }],
  ],
];

async function make(how: 'stopped' | 'killed'): Promise<void> {
  let fileSystem = new SimulatedFileSystem();
  for (const [life, commits] of lives.entries()) {
    const database = await openGolden(fileSystem, life + 1);
    for (const operations of commits) await database.commit(anonymous, operations);
    if (how === 'stopped' || life === 0) await database.close();
    fileSystem = fileSystem.killProcess();
  }
  if (how === 'killed') {
    const newest = fileSystem.names('/data/log').filter((name) => name.endsWith('.log'));
    const path = `/data/log/${newest.at(-1)}`;
    fileSystem.replaceBytes(path, Buffer.concat([fileSystem.readBytes(path), Buffer.from('a write that was torn')]));
  }
  const files = filesOf(fileSystem);
  const { sequence, documents, tables, recovery } = await shownBy(await openGolden(fileSystem));
  const { truncatedBytes, clean } = recovery;
  write(how, { formatVersion, how, sequence, truncatedBytes, clean, documents, tables, files });
}

/**
 * The same commits, then everything that is done to history: two snapshots, a base that was merged below them, and a document erased on disk,
 * of which there were versions in the base, in a segment behind it and in both snapshots. And a backup of that.
 */
async function makePruned(): Promise<void> {
  const fileSystem = new SimulatedFileSystem();
  const database = await openGolden(fileSystem, 3, { historyBytesMax: 3000 });
  for (const operations of lives.flat()) await database.commit(anonymous, operations);
  await database.takeSnapshot();
  await database.commit(anonymous, [{ kind: 'update', id: id(4), version: 1, body: bodyOf('{"list":[]}') }]);
  await database.takeSnapshot();
  await database.historyIdle();
  await database.commit(anonymous, [{ kind: 'erase', id: id(1), version: 3 }]);
  await database.eraseOnDisk();
  const backup = await archiveOf(database);
  await database.close();

  const files = filesOf(fileSystem);
  const reopened = await openGolden(fileSystem, 4);
  const { sequence, documents, tables, recovery } = await shownBy(reopened);
  const { truncatedBytes, clean } = recovery;
  write('pruned', { formatVersion, how: 'pruned', sequence, truncatedBytes, clean, documents, tables, files });

  fileSystem.replaceBytes('/data/backup.tar', backup);
  const { manifest } = await openBackup(fileSystem, '/data/backup.tar');
  const states: GoldenBackup['states'][number][] = [];
  for (const sequence of [6, 8, manifest.sequence]) {
    const restored = await openGolden(fileSystem, 6, { at: await restoreGolden(fileSystem, { sequence }) });
    states.push({ sequence, documents: (await shownBy(restored)).documents });
  }
  write('backup', { archive: linesOf(backup), stateDigest: manifest.stateDigest, states } satisfies GoldenBackup);
}

/** Tables with settings and indexes of every kind, in a snapshot and in the log behind it, and some that were dropped. */
async function makeTables(): Promise<void> {
  const fileSystem = new SimulatedFileSystem();
  const database = await openGolden(fileSystem, 7);
  const schema = { type: 'object', required: ['email'], properties: { email: { type: 'string' } } };
  await database.createTable(anonymous, 'users', { schema, uniquePaths: ['email'] });
  await database.createTable(anonymous, 'closed', { readOnly: true });
  const index = (table: string, paths: readonly string[], more: Partial<IndexDefinition> = {}) =>
    database.createIndex(anonymous, {
      table,
      paths: paths.map((path) => parsePath(path, 'path')),
      kind: 'ORDERED',
      unique: false,
      archived: 'INCLUDE',
      ...more,
    });
  await index('users', ['tags', '$createdAt']);
  await index('default', [String.raw`a\.b.c`], { kind: 'HASH', archived: 'EXCLUDE' });
  await database.commit(anonymous, [
    { kind: 'create', id: id(1), table: 'users', body: bodyOf('{"email":"a","tags":["x","y"]}') },
    { kind: 'create', id: id(2), table: 'users', body: bodyOf('{"email":"b"}') },
    { kind: 'create', id: id(3), body: bodyOf('{"a.b":{"c":12345678901234567890}}') },
    { kind: 'create', id: id(4), table: 'dropped', body: bodyOf('{}') },
  ]);
  await database.takeSnapshot();
  await database.dropTable(anonymous, 'dropped');
  await database.dropIndex(anonymous, 'users', [parsePath('tags', 'path'), parsePath('$createdAt', 'path')]);
  await index('users', ['email', 'tags'], { archived: 'ONLY' });
  await database.updateTable(anonymous, 'closed', { readOnly: false, uniquePaths: ['n'] }, false);
  await database.commit(anonymous, [{ kind: 'create', id: id(5), table: 'closed', body: bodyOf('{"n":1}') }]);
  await database.close();
  const files = filesOf(fileSystem);
  const { sequence, documents, tables, recovery } = await shownBy(await openGolden(fileSystem, 8));
  const { truncatedBytes, clean } = recovery;
  write('tables', { formatVersion, how: 'tables', sequence, truncatedBytes, clean, documents, tables, files });
}

/** Idempotency keys in a snapshot and in the log behind it; of one of the requests a document was erased on disk since. */
async function makeKeys(): Promise<void> {
  const fileSystem = new SimulatedFileSystem();
  const database = await openGolden(fileSystem, 9);
  const request = (key: string, operations: readonly Operation[]) =>
    database.commit(anonymous, operations, { idempotency: { key } });
  const requests: readonly (readonly [string, readonly Operation[]])[] = [
    ['"first"\\', [{ kind: 'create', body: bodyOf('{"n":1e21,"text":"ä"}') }]],
    [
      'second',
      [
        { kind: 'create', id: id(1), table: 'people', body: bodyOf('{"n":1}') },
        { kind: 'patch', id: id(1), version: 1, change: { merge: bodyOf('{"n":2}') } },
        { kind: 'create', id: id(2), body: bodyOf('{"n":3}') },
      ],
    ],
    ['third', [{ kind: 'create', id: id(3), body: bodyOf('{"erased":true}') }]],
    ['fourth', [{ kind: 'archive', id: id(2), version: 1 }]],
    ['fifth', [{ kind: 'erase', id: id(3), version: 1 }]],
  ];
  for (const [index, [key, operations]] of requests.entries()) {
    await request(key, operations);
    if (index === 2) await database.takeSnapshot();
  }
  await database.eraseOnDisk();
  await database.commit(anonymous, [
    { kind: 'update', id: id(1), version: 2, body: bodyOf('{}') },
    { kind: 'create', id: id(4), body: bodyOf('{}') },
  ]);
  const told: GoldenRequest[] = [];
  for (const [key, operations] of requests) {
    const { sequence, committedAt, documents, documentsGone } = await request(key, operations);
    const versions = documents.map(({ id: documentId, version }) => [documentId, version] as const);
    if (sequence === null || committedAt === null) throw new Error('it was carried out');
    told.push({ key, operations, sequence, committedAt, versions: documentsGone === undefined ? versions : null });
  }
  await database.close();
  const files = filesOf(fileSystem);
  const { sequence, documents, tables, recovery } = await shownBy(await openGolden(fileSystem, 10));
  const { truncatedBytes, clean } = recovery;
  write('keys', {
    formatVersion,
    how: 'keys',
    sequence,
    truncatedBytes,
    clean,
    documents,
    tables,
    requests: told,
    files,
  });
}

async function archiveOf(database: EmbeddedDatabase): Promise<Buffer> {
  const backup = await database.openBackup(anonymous);
  const chunks: Uint8Array[] = [];
  for await (const chunk of backup.archive) chunks.push(Buffer.from(chunk));
  await backup.close();
  return Buffer.concat(chunks);
}

function write(how: string, golden: GoldenDatabase | GoldenBackup): void {
  const path = new URL(`format-${formatVersion}-${how}.json`, import.meta.url);
  writeFileSync(path, `${JSON.stringify(golden, undefined, 2)}\n`);
}

await make('stopped');
await make('killed');
await makePruned();
await makeTables();
await makeKeys();
