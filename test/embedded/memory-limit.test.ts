import { expect, test } from 'vitest';
import { anonymous } from '../../src/database/principal.ts';
import type { WriteState } from '../../src/database/status.ts';
import { parsePath } from '../../src/document/path.ts';
import { openEmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import type { EmbeddedDatabaseOptions } from '../../src/embedded/embedded-database-options.ts';
import { heapBytesFor, MemoryLimit, memoryBytesFor } from '../../src/embedded/memory-limit.ts';
import type { HeapMeter } from '../../src/embedded/ports/heap-meter.ts';
import { everything, type Filter } from '../../src/query/filter.ts';
import { SimulatedFileSystem } from '../fault/simulated-file-system.ts';

const mebibyte = 1024 * 1024;
const all = { filter: everything, orderBy: [], archived: 'INCLUDE' } as const;
const text = 'x'.repeat(10_000);

function open(fileSystem: SimulatedFileSystem, memoryBytesMax: number, options: Partial<EmbeddedDatabaseOptions> = {}) {
  return openEmbeddedDatabase({ directory: '/data', fileSystem, limits: { memoryBytesMax }, ...options });
}

test('creates and updates are refused at the limit; reads, archiving, restoring and erasing go on, and give room', async () => {
  const states: WriteState[] = [];
  const database = await open(new SimulatedFileSystem(), 200_000, { onWriteState: (state) => states.push(state) });
  const ids: string[] = [];
  const create = async (): Promise<void> => {
    const { documents } = await database.commit(anonymous, [{ kind: 'create', body: { text } }]);
    ids.push(...documents.map(({ id }) => id));
  };
  const filling = async (): Promise<void> => {
    for (;;) await create();
  };
  await expect(filling()).rejects.toMatchObject({ code: 'MEMORY_FULL', evidence: { limit: 200_000 } });
  expect(ids.length).toBeGreaterThan(10);
  expect(states).toEqual(['memoryFull']);
  const { writes, memory } = await database.status(anonymous);
  expect(writes).toBe('memoryFull');
  expect(memory.bytesMax).toBe(200_000);
  expect(memory.bytes).toBeGreaterThanOrEqual(200_000);
  const [id = ''] = ids;
  const update = () => database.commit(anonymous, [{ kind: 'update', id, version: 3, body: { text: `${text}!` } }]);
  await database.commit(anonymous, [{ kind: 'archive', id }]);
  await database.commit(anonymous, [{ kind: 'restore', id }]);
  await expect(update()).rejects.toMatchObject({ code: 'MEMORY_FULL' });
  const view = await database.view(anonymous);
  expect(await view.countDocuments(all)).toBe(ids.length);
  view.close();
  for (const other of ids.splice(1, 3)) {
    await database.commit(anonymous, [{ kind: 'erase', id: other, version: 1 }]);
  }
  await update();
  await create();
  expect(states).toEqual(['memoryFull', 'accepted']);
  await database.close();
});

test('a database that is larger than the limit opens and serves reads, and takes writes when enough was erased', async () => {
  const fileSystem = new SimulatedFileSystem();
  const first = await open(fileSystem, Number.POSITIVE_INFINITY);
  const { documents } = await first.commit(
    anonymous,
    Array.from({ length: 20 }, () => ({ kind: 'create', body: { text } })),
  );
  expect((await first.status(anonymous)).memory.bytesMax).toBeNull();
  const { bytes } = (await first.status(anonymous)).memory;
  await first.close();
  const database = await open(fileSystem, 100_000);
  expect((await database.status(anonymous)).memory.bytes).toBe(bytes);
  const view = await database.view(anonymous);
  expect(await view.countDocuments(all)).toBe(20);
  view.close();
  const create = () => database.commit(anonymous, [{ kind: 'create', body: {} }]);
  await expect(create()).rejects.toMatchObject({ code: 'MEMORY_FULL' });
  await database.commit(
    anonymous,
    documents.slice(0, 12).map(({ id }) => ({ kind: 'erase', id, version: 1 })),
  );
  await create();
  await database.close();
});

test('what a read view keeps counts as long as it is open', async () => {
  const database = await open(new SimulatedFileSystem(), 200_000);
  const { documents } = await database.commit(anonymous, [{ kind: 'create', body: { text } }]);
  const id = documents[0]?.id ?? '';
  let version = 1;
  const update = async (): Promise<void> => {
    await database.commit(anonymous, [{ kind: 'update', id, version, body: { text } }]);
    version += 1;
  };
  for (let round = 0; round < 40; round += 1) await update();
  const view = await database.view(anonymous);
  const filling = async (): Promise<void> => {
    for (;;) await update();
  };
  await expect(filling()).rejects.toMatchObject({ code: 'MEMORY_FULL' });
  view.close();
  await update();
  await database.close();
});

test('columns count, and go before a write is refused', async () => {
  const database = await open(new SimulatedFileSystem(), 1_500_000);
  const bodies = Array.from({ length: 2_000 }, (_, level) => ({ kind: 'create' as const, body: { level } }));
  await database.commit(anonymous, bodies);
  const filter: Filter = { kind: 'lt', path: parsePath('level', 'path'), value: 1_000 };
  const count = async () => {
    const view = await database.view(anonymous);
    expect(await view.countDocuments({ ...all, filter })).toBe(1_000);
    view.close();
  };
  await count();
  const { bytes } = database.metrics().memory;
  await count();
  const { memory, columnBytes } = database.metrics();
  expect(columnBytes).toBeGreaterThan(16_000);
  expect(memory.bytes).toBe(bytes + columnBytes);
  let created = 0;
  const filling = async (): Promise<void> => {
    for (; ; created += 1) await database.commit(anonymous, [{ kind: 'create', body: { text } }]);
  };
  await expect(filling()).rejects.toMatchObject({ code: 'MEMORY_FULL' });
  expect(database.metrics().columnBytes).toBe(0);
  // Nor do they come back while there is no room.
  await count();
  await count();
  expect(database.metrics().columnBytes).toBe(0);
  const bytesOfOne = (database.metrics().memory.bytes - bytes) / created;
  expect(bytes + created * bytesOfOne).toBeGreaterThanOrEqual(1_500_000);
  expect(bytes + (created - 1) * bytesOfOne).toBeLessThan(1_500_000);
  await database.close();
});

test('counting returns to nothing when everything is erased, over restarts', async () => {
  const fileSystem = new SimulatedFileSystem();
  let database = await open(fileSystem, mebibyte);
  const bodies = [{}, { a: [1, 2.5, 'x', null, true] }, { text: 'ж'.repeat(100) }, { big: 12345678901234567890n }];
  const { documents } = await database.commit(
    anonymous,
    bodies.map((body) => ({ kind: 'create', body, table: 't', name: 'named' })),
  );
  for (const { id } of documents) {
    await database.commit(anonymous, [{ kind: 'update', id, version: 1, body: { other: [{}, []] } }]);
    await database.commit(anonymous, [{ kind: 'archive', id }]);
  }
  await database.close();
  database = await open(fileSystem, mebibyte);
  for (const { id } of documents) await database.commit(anonymous, [{ kind: 'erase', id, version: 3 }]);
  expect((await database.status(anonymous)).memory.bytes).toBe(0);
  await database.close();
});

/** A heap that a test fills and collects. */
class FakeHeap implements HeapMeter {
  used = 30 * mebibyte;
  #listener: ((usedBytes: number) => void) | null = null;

  usedBytes(): number {
    return this.used;
  }

  onCollection(listener: (usedBytes: number) => void): () => void {
    this.#listener = listener;
    return () => {
      this.#listener = null;
    };
  }

  get watched(): boolean {
    return this.#listener !== null;
  }

  collect(used: number): void {
    this.used = used;
    this.#listener?.(used);
  }
}

test('where the heap holds far more than was counted, the heap decides', () => {
  const heapMeter = new FakeHeap();
  let countedBytes = 0;
  const cache = { bytes: 0, clear: () => {} };
  const limit = new MemoryLimit({ bytesMax: 1000 * mebibyte, countedBytes: () => countedBytes, cache, heapMeter });
  countedBytes = 200 * mebibyte;
  heapMeter.collect(900 * mebibyte);
  limit.checkRoom();
  heapMeter.collect(1200 * mebibyte);
  expect(() => limit.checkRoom()).toThrow(expect.objectContaining({ code: 'MEMORY_FULL' }));
  // An erasure gives room at once, and the next collection tells how much it was.
  countedBytes -= 100 * mebibyte;
  limit.checkRoom();
  heapMeter.collect(200 * mebibyte);
  expect(limit.bytes).toBe(countedBytes);
  limit.close();
  expect(heapMeter.watched).toBe(false);
});

test('a limit of documents and the heap that it needs fit each other', () => {
  for (const bytes of [mebibyte, 500 * mebibyte, 64 * 1024 * mebibyte]) {
    expect(memoryBytesFor(heapBytesFor(bytes))).toBe(bytes);
  }
  expect(memoryBytesFor(mebibyte)).toBe(0);
});
