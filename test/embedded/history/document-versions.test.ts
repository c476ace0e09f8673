import { expect, test } from 'vitest';
import type { Operation } from '../../../src/database/operation.ts';
import { anonymous } from '../../../src/database/principal.ts';
import type { Document } from '../../../src/document/document.ts';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../../../src/embedded/embedded-database.ts';
import { systemClock } from '../../../src/embedded/ports/clock.ts';
import type { FileSystem } from '../../../src/embedded/ports/file-system.ts';
import { SeededRandom } from '../../fault/seeded-random.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { dataDirectory, documentId, logDirectory } from '../log/log-fixture.ts';

const documents = 12;

function open(fileSystem: FileSystem, historyBytesMax: number, segmentBytesMax = 3000): Promise<EmbeddedDatabase> {
  return openEmbeddedDatabase({
    directory: dataDirectory,
    fileSystem,
    clock: systemClock,
    random: new SeededRandom(1),
    limits: { segmentBytesMax, snapshotLogBytes: 6000, historyBytesMax },
  });
}

/** Every version of every document that there is, oldest first. */
class Versions {
  readonly #versions = new Map<number, Document[]>();

  async commit(database: EmbeddedDatabase, number: number, operation: Operation): Promise<void> {
    const { documents: written } = await database.commit(anonymous, [operation]);
    if (operation.kind === 'erase') this.#versions.delete(number);
    else this.#versions.set(number, [...this.of(number), ...written]);
  }

  of(number: number): readonly Document[] {
    return this.#versions.get(number) ?? [];
  }

  /** From this one on: what the state at `oldest` holds, and all that came behind. */
  firstKept(number: number, oldest: number): number {
    const index = this.of(number).findLastIndex(({ sequence }) => sequence <= oldest);
    return Math.max(0, index);
  }
}

async function write(database: EmbeddedDatabase, versions: Versions, random: SeededRandom): Promise<void> {
  const number = random.below(documents);
  const id = documentId(number);
  const current = versions.of(number).at(-1);
  const body = { text: 'x'.repeat(random.below(80)) };
  if (current === undefined) await versions.commit(database, number, { kind: 'create', id, body });
  else if (random.below(20) === 0)
    await versions.commit(database, number, { kind: 'erase', id, version: current.version });
  else if (current.archivedAt !== null) await versions.commit(database, number, { kind: 'restore', id });
  else if (random.below(6) === 0) await versions.commit(database, number, { kind: 'archive', id });
  else await versions.commit(database, number, { kind: 'update', id, body, version: current.version });
}

async function expectHistories(database: EmbeddedDatabase, versions: Versions): Promise<void> {
  const view = await database.view(anonymous);
  for (let number = 0; number < documents; number += 1) {
    const { oldest } = (await database.status(anonymous)).history;
    const id = documentId(number);
    const all = versions.of(number);
    const first = versions.firstKept(number, oldest);
    const kept = all.slice(first);
    // Read all at once: they wait for one another where they must.
    const [history, oldestKept, ...found] = await Promise.all([
      view.documentHistory(id, { limit: 1000 }),
      view.oldestDocumentVersion(id),
      ...kept.map(({ version }) => view.documentVersion(id, version)),
    ]);
    expect(history).toEqual(kept.toReversed());
    expect(oldestKept).toBe(kept[0]?.version ?? null);
    expect(found).toEqual(kept);
    if (first > 0) {
      await expect(view.documentVersion(id, first)).rejects.toMatchObject({
        code: 'HISTORY_GONE',
        evidence: { oldest },
      });
    }
  }
  view.close();
}

test.each([1, 2, 3, 4])(
  'every version that is kept is found, through segments, prunings and restarts (seed %i)',
  async (seed) => {
    const random = new SeededRandom(seed);
    const fileSystem = new SimulatedFileSystem();
    const bytesMax = seed % 2 === 0 ? Number.POSITIVE_INFINITY : 20_000;
    let database = await open(fileSystem, bytesMax);
    const versions = new Versions();
    for (let round = 0; round < 6; round += 1) {
      for (let count = 0; count < 60; count += 1) await write(database, versions, random);
      await database.historyIdle();
      await expectHistories(database, versions);
      if (round === 2) await database.eraseOnDisk();
      if (round % 2 === 1) {
        await database.close();
        database = await open(fileSystem, bytesMax);
        // A start goes on with what was under way: what is kept is told, and then read.
        await database.historyIdle();
        await expectHistories(database, versions);
      }
    }
    if (bytesMax === 20_000) expect((await database.status(anonymous)).history.oldest).toBeGreaterThan(0);
    await database.close();
  },
);

test('versions are read right while files are merged, removed and written anew under the reader', async () => {
  const random = new SeededRandom(7);
  const fileSystem = new SimulatedFileSystem();
  const database = await open(fileSystem, 12_000, 1500);
  const versions = new Versions();
  const erasures: Promise<unknown>[] = [];
  for (let count = 0; count < 400; count += 1) {
    await write(database, versions, random);
    const number = random.below(documents);
    const all = versions.of(number);
    const wanted = all[random.below(Math.max(1, all.length))];
    if (count % 50 === 49) erasures.push(database.eraseOnDisk());
    if (wanted === undefined) continue;
    const view = await database.view(anonymous);
    const found = await view.documentVersion(wanted.id, wanted.version).catch((error: { code?: string }) => error.code);
    view.close();
    expect([found, 'HISTORY_GONE']).toContainEqual(found === 'HISTORY_GONE' ? found : wanted);
    if (found === 'HISTORY_GONE') {
      const { oldest } = (await database.status(anonymous)).history;
      expect(all.indexOf(wanted)).toBeLessThan(versions.firstKept(number, oldest));
    }
  }
  await Promise.all(erasures);
  await database.close();
});

test('a view that was opened before an erasure finds no history any more once that was carried out on disk', async () => {
  const database = await open(new SimulatedFileSystem(), Number.POSITIVE_INFINITY);
  const id = documentId(1);
  await database.commit(anonymous, [{ kind: 'create', id, body: {} }]);
  await database.commit(anonymous, [{ kind: 'update', id, version: 1, body: { n: 2 } }]);
  const view = await database.view(anonymous);
  await database.commit(anonymous, [{ kind: 'erase', id, version: 2 }]);
  await database.eraseOnDisk();
  expect(await view.getDocument(id)).toMatchObject({ version: 2 });
  expect(await view.documentHistory(id, { limit: 9 })).toEqual([]);
  expect(await view.documentVersion(id, 1)).toBeNull();
  view.close();
  await database.close();
});

test('one old version costs no scan: a look into an index and the record', async () => {
  const simulated = new SimulatedFileSystem();
  let bytes = 0;
  const fileSystem: FileSystem = {
    open: async (path, mode) => {
      const file = await simulated.open(path, mode);
      return new Proxy(file, {
        get: (target, name) => {
          if (name === 'read')
            return async (into: Uint8Array, position: number) => {
              const read = await file.read(into, position);
              bytes += read;
              return read;
            };
          const member: unknown = Reflect.get(target, name);
          return typeof member === 'function' ? member.bind(target) : member;
        },
      });
    },
    list: (path) => simulated.list(path),
    makeDirectory: (path) => simulated.makeDirectory(path),
    removeDirectory: (path) => simulated.removeDirectory(path),
    rename: (from, to) => simulated.rename(from, to),
    remove: (path) => simulated.remove(path),
    syncDirectory: (path) => simulated.syncDirectory(path),
  };
  const database = await open(fileSystem, Number.POSITIVE_INFINITY, 60_000);
  for (let number = 0; number < 2000; number += 1) {
    await database.commit(anonymous, [
      { kind: 'create', id: documentId(number), body: { number, text: 'x'.repeat(200) } },
    ]);
  }
  await database.commit(anonymous, [{ kind: 'update', id: documentId(5), version: 1, body: {} }]);
  await database.takeSnapshot();
  await database.historyIdle();
  const total = simulated
    .names(logDirectory)
    .reduce((sum, name) => sum + simulated.readBytes(`${logDirectory}/${name}`).length, 0);
  bytes = 0;
  const view = await database.view(anonymous);
  expect(await view.documentVersion(documentId(5), 1)).toMatchObject({ body: { number: 5 } });
  expect(bytes).toBeLessThan(20_000);
  expect(total).toBeGreaterThan(800_000);
  view.close();
  await database.close();
});
