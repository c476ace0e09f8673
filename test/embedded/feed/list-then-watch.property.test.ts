import { expect, test } from 'vitest';
import type { ChangeEvent, ChangeKind, DocumentChanged } from '../../../src/database/changes.ts';
import type { Operation } from '../../../src/database/operation.ts';
import { anonymous } from '../../../src/database/principal.ts';
import type { Document } from '../../../src/document/document.ts';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../../../src/embedded/embedded-database.ts';
import type { EmbeddedDatabaseLimits } from '../../../src/embedded/embedded-database-options.ts';
import { everything, type Filter } from '../../../src/query/filter.ts';
import { compileFilter } from '../../../src/query/filter-compiler.ts';
import { parseFilter } from '../../../src/query/filter-parser.ts';
import { SeededRandom } from '../../fault/seeded-random.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { dataDirectory, documentId } from '../log/log-fixture.ts';
import { Watcher } from './watcher.ts';

const ids = 24;
const tables = ['default', 'one', 'two'] as const;

const filters: readonly Filter[] = [
  everything,
  parseFilter({ path: 'n', gte: 3 }),
  parseFilter({ path: 'n', lt: 2 }),
  parseFilter({ path: '$archivedAt', eq: null }),
  parseFilter({ path: '$version', lte: 2 }),
];

function open(fileSystem: SimulatedFileSystem, limits: Partial<EmbeddedDatabaseLimits>): Promise<EmbeddedDatabase> {
  return openEmbeddedDatabase({
    directory: dataDirectory,
    fileSystem,
    random: new SeededRandom(1),
    limits: { segmentBytesMax: 3000, snapshotLogBytes: 6000, progressMs: 5, ...limits },
  });
}

/** Any operations on any documents. @param erases whether documents and tables may go for good. */
function operationsOf(random: SeededRandom, current: (id: string) => Document | null, erases: boolean): Operation[] {
  const operations: Operation[] = [];
  const touched = new Set<string>();
  for (let count = 1 + random.below(3); count > 0; count -= 1) {
    const id = documentId(random.below(ids));
    if (touched.has(id)) continue;
    touched.add(id);
    const document = current(id);
    const body = { n: random.below(5), text: 'x'.repeat(random.below(60)) };
    if (document === null) {
      operations.push({ kind: 'create', id, table: random.pick(tables), body });
      if (random.chance(0.2)) operations.push({ kind: 'update', id, version: 1, body: { n: random.below(5) } });
    } else if (erases && random.chance(0.1)) {
      operations.push({ kind: 'erase', id, version: document.version });
      if (random.chance(0.3)) operations.push({ kind: 'create', id, table: random.pick(tables), body });
    } else if (document.archivedAt !== null) {
      operations.push({ kind: 'restore', id });
    } else if (random.chance(0.2)) {
      operations.push({ kind: 'archive', id });
    } else {
      operations.push({ kind: 'update', id, version: document.version, body });
    }
  }
  return operations;
}

const seeds = Array.from({ length: 30 }, (_, index) => index + 1);

test.each(seeds)(
  'list-then-watch comes to the list at the end, through disconnects and restarts (seed %i)',
  async (seed) => {
    const random = new SeededRandom(seed);
    const fileSystem = new SimulatedFileSystem();
    // With some seeds the ring holds a few commits, with some next to nothing, and with some the log forgets.
    const limits = {
      feedBytesMax: random.pick([1, 4_000, 1_000_000]),
      historyBytesMax: random.pick([8_000, Number.POSITIVE_INFINITY]),
    };
    let database = await open(fileSystem, limits);
    const watched = Array.from({ length: 8 }, () => {
      const table = random.chance(0.5) ? random.pick(tables) : undefined;
      const filter = random.pick(filters);
      return { table, filter, watcher: new Watcher(table, filter) };
    });
    for (const { watcher } of watched) await watcher.list(database);
    for (let step = 0; step < 300; step += 1) {
      const { watcher } = random.pick(watched);
      const action = random.below(100);
      if (action < 50) {
        const commits = Array.from({ length: 1 + random.below(3) }, () =>
          database.commit(
            anonymous,
            operationsOf(random, (id) => database.getDocument(anonymous, id, 'INCLUDE'), true),
          ),
        );
        // Those that are made at once may be in each other's way.
        await Promise.allSettled(commits);
      } else if (action < 52) {
        await database.dropTable(anonymous, random.pick(tables)).catch(() => undefined);
      } else if (action < 70) {
        if (!watcher.isConnected) await watcher.connect(database);
        const { sequence } = await database.status(anonymous);
        if (watcher.sequence < sequence) await watcher.read(database);
      } else if (action < 80) {
        watcher.disconnect();
      } else if (action < 90) {
        if (!watcher.isConnected) await watcher.connect(database);
      } else if (action < 94) {
        await database.eraseOnDisk();
      } else if (action < 97) {
        await database.takeSnapshot();
      } else {
        for (const each of watched) each.watcher.disconnect();
        await database.close();
        database = await open(fileSystem, limits);
      }
    }
    const { sequence } = await database.status(anonymous);
    for (const { table, filter, watcher } of watched) {
      await watcher.readTo(database, sequence);
      watcher.disconnect();
      const atEnd = new Watcher(table, filter);
      await atEnd.list(database);
      expect(sorted(watcher.documents.values())).toEqual(sorted(atEnd.documents.values()));
    }
    await database.close();
  },
);

/** What a subscriber is to be told, by what the commits said that they did. */
class Model {
  readonly documents = new Map<string, Document>();
  readonly commits: { readonly sequence: number; readonly changes: readonly [Document, Document | null][] }[] = [];

  committed(sequence: number, documents: readonly Document[]): void {
    const changes = documents.map((document): [Document, Document | null] => {
      const before = this.documents.get(document.id) ?? null;
      this.documents.set(document.id, document);
      return [document, before];
    });
    this.commits.push({ sequence, changes });
  }

  toldAfter(after: number, table: string | undefined, filter: Filter): unknown[] {
    const fits = compileFilter(filter);
    return this.commits
      .filter(({ sequence }) => sequence > after)
      .map(({ sequence, changes }) => ({
        sequence,
        changes: changes.flatMap(([document, before]) => {
          if (table !== undefined && document.table.name !== table) return [];
          const kind = kindOf(fits(document), before !== null && fits(before), document, before);
          return kind === null ? [] : [{ kind, document, before }];
        }),
      }))
      .filter(({ changes }) => changes.length > 0);
  }
}

function kindOf(fits: boolean, fitted: boolean, document: Document, before: Document | null): ChangeKind | null {
  if (!fits) return fitted ? 'LEFT' : null;
  if (before === null) return 'CREATED';
  if (document.archivedAt !== null) return 'ARCHIVED';
  return before.archivedAt === null ? 'UPDATED' : 'RESTORED';
}

test.each(seeds)('each is told exactly what was committed, once, however it reads (seed %i)', async (seed) => {
  const random = new SeededRandom(1000 + seed);
  const fileSystem = new SimulatedFileSystem();
  const limits = { feedBytesMax: random.pick([1, 4_000, 1_000_000]) };
  let database = await open(fileSystem, limits);
  const model = new Model();
  const subscribers = Array.from({ length: 6 }, () => {
    const table = random.chance(0.5) ? random.pick(tables) : undefined;
    const filter = random.pick(filters);
    return { after: 0, table, filter, watcher: new Watcher(table, filter) };
  });
  for (const subscriber of subscribers) {
    await subscriber.watcher.list(database);
    subscriber.after = subscriber.watcher.sequence;
  }
  for (let step = 0; step < 200; step += 1) {
    const { watcher } = random.pick(subscribers);
    const action = random.below(100);
    if (action < 60) {
      const { sequence, documents } = await database.commit(
        anonymous,
        operationsOf(random, (id) => model.documents.get(id) ?? null, false),
      );
      if (sequence !== null) model.committed(sequence, documents);
    } else if (action < 85) {
      if (!watcher.isConnected) await watcher.connect(database);
      const { sequence } = await database.status(anonymous);
      if (watcher.sequence < sequence) await watcher.read(database);
    } else if (action < 95) {
      watcher.disconnect();
    } else {
      for (const each of subscribers) each.watcher.disconnect();
      await database.close();
      database = await open(fileSystem, limits);
    }
  }
  const { sequence } = await database.status(anonymous);
  for (const { after, table, filter, watcher } of subscribers) {
    await watcher.readTo(database, sequence);
    expect(watcher.resyncs).toBe(0);
    expect(told(watcher.events)).toEqual(model.toldAfter(after, table, filter));
    watcher.disconnect();
  }
  await database.close();
});

function told(events: readonly ChangeEvent[]): { sequence: number; changes: readonly DocumentChanged[] }[] {
  return events.flatMap((event) =>
    event.kind === 'changeSet' ? [{ sequence: event.sequence, changes: event.changes }] : [],
  );
}

function sorted(documents: Iterable<Document>): Document[] {
  return [...documents].sort((a, b) => (a.id < b.id ? -1 : 1));
}
