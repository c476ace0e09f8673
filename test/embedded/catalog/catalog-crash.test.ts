import { expect, test } from 'vitest';
import { anonymous } from '../../../src/database/principal.ts';
import type { IndexDefinition, Table } from '../../../src/database/table.ts';
import type { JsonObject } from '../../../src/document/json.ts';
import { parsePath } from '../../../src/document/path.ts';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../../../src/embedded/embedded-database.ts';
import { SeededRandom } from '../../fault/seeded-random.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { dataDirectory, documentId, stillClock } from '../log/log-fixture.ts';

/** What is done, one after the other, and how it can be seen afterwards that it was. */
interface Step {
  readonly run: (database: EmbeddedDatabase) => Promise<unknown>;
  readonly isDone: (tables: ReadonlyMap<string, Table>) => boolean;
}

const create = (table: string, number: number, body: JsonObject) => (database: EmbeddedDatabase) =>
  database.commit(anonymous, [{ kind: 'create', table, id: documentId(number), body }]);
const index = (table: string, path: string, unique: boolean): IndexDefinition => ({
  table,
  paths: [parsePath(path, 'paths')],
  kind: 'ORDERED',
  unique,
  archived: 'EXCLUDE',
});
const schema = { properties: { n: { type: 'integer' } } };

const steps: readonly Step[] = [
  {
    run: (database) => database.createTable(anonymous, 'a', { schema, uniquePaths: ['n'] }),
    isDone: (tables) => tables.get('a')?.settings.uniquePaths.length === 1,
  },
  { run: create('a', 1, { n: 1 }), isDone: (tables) => tables.get('a')?.documentCount === 1 },
  { run: create('b', 2, { n: 2 }), isDone: (tables) => tables.has('b') },
  {
    run: (database) => database.createIndex(anonymous, index('b', 'n', true)),
    isDone: (tables) => tables.get('b')?.indexes[0]?.state === 'READY',
  },
  {
    run: (database) => database.takeSnapshot(),
    isDone: () => true,
  },
  {
    run: (database) => database.updateTable(anonymous, 'b', { uniquePaths: [], readOnly: true, schema }, false),
    isDone: (tables) => tables.get('b')?.settings.readOnly === true,
  },
  { run: (database) => database.dropTable(anonymous, 'a'), isDone: (tables) => !tables.has('a') },
];

function open(fileSystem: SimulatedFileSystem): Promise<EmbeddedDatabase> {
  return openEmbeddedDatabase({
    directory: dataDirectory,
    fileSystem,
    clock: stillClock,
    random: new SeededRandom(1),
  });
}

async function tablesOf(database: EmbeddedDatabase): Promise<ReadonlyMap<string, Table>> {
  const view = await database.view(anonymous);
  const tables = await view.tables();
  view.close();
  return new Map(tables.map((table) => [table.name, table]));
}

/** @returns how many steps were acknowledged. */
async function runAll(fileSystem: SimulatedFileSystem): Promise<number> {
  let done = 0;
  try {
    const database = await open(fileSystem);
    for (const { run } of steps) {
      await run(database);
      done += 1;
    }
    await database.close();
  } catch (error) {
    if (!fileSystem.stopped) throw error;
  }
  return done;
}

test('a crash at any operation leaves every table and index that was acknowledged, and none half made', async () => {
  const undisturbed = new SimulatedFileSystem();
  expect(await runAll(undisturbed)).toBe(steps.length);
  const reached = new Set<number>();
  for (let crash = 1; crash <= undisturbed.operations; crash += 1) {
    const random = new SeededRandom(crash);
    const fileSystem = new SimulatedFileSystem();
    fileSystem.inject = () =>
      fileSystem.operations === crash ? { kind: 'stop', writtenBytes: random.below(500) } : undefined;
    const done = await runAll(fileSystem);
    reached.add(done);
    const context = `crash at ${crash} of ${undisturbed.operations}, ${done} steps acknowledged`;
    const database = await open(crash % 3 === 0 ? fileSystem.killProcess() : fileSystem.cutPower(random));
    while ((await database.status(anonymous)).indexBuilds.length > 0) await stillClock.yield();
    const tables = await tablesOf(database);
    const seen = steps.map(({ isDone }) => isDone(tables));
    // Later steps undo what earlier ones are seen by.
    const last = done - 1;
    if (last >= 0) expect(seen[last] || seen.slice(last + 1).includes(true), context).toBe(true);
    for (const { indexes, documentCount } of tables.values()) {
      for (const { state, filled } of indexes) expect([state, filled], context).toEqual(['READY', documentCount]);
    }
    await obeys(database, tables, context);
    await database.close();
  }
  expect(reached.size).toBe(steps.length + 1);
});

/** What the settings and indexes that are there say is what writes meet. */
async function obeys(database: EmbeddedDatabase, tables: ReadonlyMap<string, Table>, context: string): Promise<void> {
  for (const [number, name] of [
    [1, 'a'],
    [2, 'b'],
  ] as const) {
    const table = tables.get(name);
    if (table === undefined) continue;
    const outcome = await create(name, 100 + number, { n: number })(database).then(
      () => 'written',
      ({ code }: { code: string }) => code,
    );
    const isUnique = table.settings.uniquePaths.length > 0 && table.documentCount > 0;
    const expected = table.settings.readOnly ? 'TABLE_READ_ONLY' : isUnique ? 'UNIQUE_VIOLATION' : 'written';
    expect(outcome, `${context}, table ${name}`).toBe(expected);
  }
}
