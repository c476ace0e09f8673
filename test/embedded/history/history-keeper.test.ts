import { expect, test } from 'vitest';
import { writePastState } from '../../../src/embedded/history/past-state.ts';
import { indexFileName, type SegmentIndex } from '../../../src/embedded/history/segment-index.ts';
import { CorruptionError } from '../../../src/embedded/log/log-error.ts';
import type { CommitRecord, LogRecord } from '../../../src/embedded/log/record.ts';
import type { Clock } from '../../../src/embedded/ports/clock.ts';
import { snapshotNames } from '../../../src/embedded/snapshot/snapshot-files.ts';
import { SnapshotReader } from '../../../src/embedded/snapshot/snapshot-reader.ts';
import { writeSnapshot } from '../../../src/embedded/snapshot/snapshot-writer.ts';
import { SeededRandom } from '../../fault/seeded-random.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import {
  commitOf,
  dataDirectory,
  documentId,
  documentOf,
  logDirectory,
  scheduleSoon,
  stillClock,
} from '../log/log-fixture.ts';
import { identity, readContent, snapshotDirectory } from '../snapshot/snapshot-fixture.ts';
import { HistoryDatabase, isOnDisk } from './history-database.ts';
import { firstSequences, openIndex, RandomWorkload, slice, stateAfter } from './history-fixture.ts';

interface Filled {
  readonly database: HistoryDatabase;
  readonly commits: readonly CommitRecord[];
  /** Where snapshots were taken. */
  readonly snapshotted: ReadonlySet<number>;
}

/** Runs a workload with a snapshot now and then. */
async function fill(seed: number, bytesMax: number, commitCount = 120, snapshotEvery = 25): Promise<Filled> {
  const random = new SeededRandom(seed);
  const workload = new RandomWorkload(random);
  const database = await HistoryDatabase.open(new SimulatedFileSystem(), { bytesMax });
  const snapshotted = new Set<number>();
  const takeSnapshot = async (): Promise<void> => {
    await database.takeSnapshot();
    snapshotted.add(database.sequence);
  };
  while (workload.commits.length < commitCount) {
    await database.append(Array.from({ length: 1 + random.below(3) }, () => workload.next()));
    if (random.chance(1 / snapshotEvery)) await takeSnapshot();
  }
  await takeSnapshot();
  await database.append([workload.next()]);
  await takeSnapshot();
  await database.keeper.idle();
  return { database, commits: workload.commits, snapshotted };
}

/** The state at a sequence, told by base and indexes. */
async function pastState(fileSystem: SimulatedFileSystem, sequence: number) {
  const [base] = snapshotNames(fileSystem.names(snapshotDirectory)).snapshots.filter(({ role }) => role === 'base');
  const segments = firstSequences(fileSystem).filter((first) => first > (base?.sequence ?? 0));
  const indexes: SegmentIndex[] = [];
  for (const first of segments) indexes.push(await openIndex(fileSystem, first));
  const reader = base === undefined ? null : await SnapshotReader.open(fileSystem, `${snapshotDirectory}/${base.name}`);
  const target = new SimulatedFileSystem();
  await target.makeDirectory(dataDirectory);
  const { path } = await writeSnapshot({
    fileSystem: target,
    directory: snapshotDirectory,
    role: 'snapshot',
    header: { ...identity, sequence },
    clock: stillClock,
    random: new SeededRandom(1),
    content: (writer) => writePastState({ base: reader, indexes, sequence }, writer, slice),
  });
  return readContent(target, path);
}

async function reopenedState(fileSystem: SimulatedFileSystem) {
  const reopened = await HistoryDatabase.open(fileSystem);
  await reopened.keeper.idle();
  expect(reopened.events.filter(({ kind }) => kind === 'historyFailed')).toEqual([]);
  await reopened.close();
  return reopened.state;
}

test('unlimited history is kept whole, with an index of every sealed segment', async () => {
  const { database, commits } = await fill(1, Number.POSITIVE_INFINITY);
  const { fileSystem } = database;
  const segments = firstSequences(fileSystem);
  expect(segments.length).toBeGreaterThan(5);
  for (const first of segments) expect(fileSystem.names(logDirectory)).toContain(indexFileName(first));
  const bytes = segments.reduce((sum, first) => sum + fileSystem.readBytes(`${logDirectory}/${name(first)}`).length, 0);
  const isErasure = ({ kind }: LogRecord) => kind === 'eraseDocument';
  const firstErasure = commits.find(({ records }) => records.some(isErasure))?.sequence ?? 0;
  expect(database.keeper.status).toMatchObject({ oldest: 0, bytes });
  expect(database.keeper.status.erasedOnDiskUpTo).toBeLessThan(firstErasure);
  for (const sequence of [0, 1, 50, 100]) {
    expect(await pastState(fileSystem, sequence)).toEqual(stateAfter(commits.slice(0, sequence)));
  }
});

/** The state after a commit, without the documents that have left the disk since. */
function withoutErased(commits: readonly CommitRecord[], sequence: number, erasedUpTo: number) {
  const erased = new Set<string>();
  for (const { records } of commits.slice(sequence, erasedUpTo)) {
    for (const record of records) if (record.kind === 'eraseDocument') erased.add(record.id);
  }
  const state = stateAfter(commits.slice(0, sequence));
  return { ...state, documents: state.documents.filter(({ id }) => !erased.has(id)) };
}

function name(first: number): string {
  return `${String(first).padStart(20, '0')}.log`;
}

test('history beyond the bound is pruned into the base, and every state from the floor on is still told', async () => {
  let merges = 0;
  let promotions = 0;
  for (let seed = 1; seed <= 10; seed += 1) {
    // So little that the floor is raised as far as the snapshots allow, or enough for a merge.
    const bytesMax = seed % 2 === 0 ? 1500 : 6000 + seed * 500;
    const { database, commits, snapshotted } = await fill(seed, bytesMax, 120, 15);
    const { fileSystem, keeper, events } = database;
    const { oldest, bytes } = keeper.status;
    const older = [...snapshotted].at(-2);
    expect(events.filter(({ kind }) => kind === 'historyFailed')).toEqual([]);
    expect(oldest).toBeGreaterThan(0);
    expect(bytes).toBeLessThanOrEqual(bytesMax);
    expect(oldest).toBeLessThanOrEqual(older ?? 0);
    const { snapshots } = snapshotNames(fileSystem.names(snapshotDirectory));
    expect(snapshots.filter(({ role }) => role === 'base').map(({ sequence }) => sequence)).toEqual([oldest]);
    expect(Math.min(...snapshots.map(({ sequence }) => sequence))).toBe(oldest);
    const segments = firstSequences(fileSystem);
    expect(segments[0]).toBe(oldest + 1);
    const indexes = fileSystem.names(logDirectory).filter((file) => file.endsWith('.index'));
    expect(indexes).toEqual(segments.map(indexFileName));
    const base = await SnapshotReader.open(fileSystem, `${snapshotDirectory}/${String(oldest).padStart(20, '0')}.base`);
    expect(base.header).toMatchObject({ sequence: oldest, committedAt: commits[oldest - 1]?.committedAt });
    if (snapshotted.has(oldest)) promotions += 1;
    else merges += 1;
    for (let sequence = oldest; sequence <= commits.length; sequence += 7) {
      const expected = withoutErased(commits, sequence, keeper.status.erasedOnDiskUpTo);
      expect(await pastState(fileSystem, sequence), `seed ${seed}, sequence ${sequence}`).toEqual(expected);
    }
    await database.close();
    expect(await reopenedState(fileSystem)).toEqual(stateAfter(commits));
  }
  expect(merges).toBeGreaterThan(2);
  expect(promotions).toBeGreaterThan(0);
});

/** Documents of which every version says its id, in name and body. */
function versionsOf(number: number, sequence: number, version: number): CommitRecord {
  const id = documentId(number);
  const body = { text: `body-of-${number}.` };
  const document = documentOf(sequence, body, { id, name: `name-of-${number}.`, version });
  return commitOf(sequence, [{ kind: 'putDocument', document }], {
    idempotencyKey: `key-of-${number}.`,
    requestDigest: Uint8Array.from(Buffer.from(`digest-of-${number}.`.padEnd(32))),
  });
}

/** Twenty documents in several versions; those of odd numbers are erased, 7 is made anew. */
async function withErasures(bytesMax = Number.POSITIVE_INFINITY, clock = stillClock): Promise<HistoryDatabase> {
  const database = await HistoryDatabase.open(new SimulatedFileSystem(), { bytesMax, clock });
  for (let round = 1; round <= 4; round += 1) {
    for (let number = 1; number <= 20; number += 1) {
      await database.append([versionsOf(number, database.sequence + 1, round)]);
    }
    if (round > 1) await database.takeSnapshot();
  }
  for (let number = 1; number <= 20; number += 2) {
    const previousSequence = 60 + number;
    const record = { kind: 'eraseDocument' as const, id: documentId(number), previousSequence };
    await database.append([commitOf(database.sequence + 1, [record])]);
  }
  const again = documentOf(database.sequence + 1, { text: 'second life' }, { id: documentId(7) });
  await database.append([commitOf(again.sequence, [{ kind: 'putDocument', document: again }])]);
  return database;
}

function expectErased(fileSystem: SimulatedFileSystem): void {
  for (let number = 1; number <= 20; number += 1) {
    for (const text of ['body', 'name', 'digest', 'key']) {
      expect(isOnDisk(fileSystem, `${text}-of-${number}.`), `${text} of ${number}`).toBe(number % 2 === 0);
    }
  }
  expect(isOnDisk(fileSystem, 'second life')).toBe(true);
}

test('an erasure on command takes names, bodies and requests of the document out of every file', async () => {
  const database = await withErasures();
  const { fileSystem, keeper, state } = database;
  const torn = `${logDirectory}/torn-00000000000000000001-000000000000-00000000`;
  fileSystem.replaceBytes(torn, Buffer.from('body-of-3.'));
  const seals = new Map<number, string>();
  await database.rotate();
  await keeper.idle();
  for (const first of firstSequences(fileSystem)) {
    seals.set(first, (await openIndex(fileSystem, first)).segment.seal.toString('hex'));
  }
  expect(keeper.status.erasedOnDiskUpTo).toBeLessThan(database.sequence);
  await keeper.eraseOnDisk();
  expect(keeper.status.erasedOnDiskUpTo).toBe(database.sequence);
  expectErased(fileSystem);
  expect(fileSystem.names(logDirectory).filter((file) => file.startsWith('torn'))).toEqual([]);
  for (const [first, seal] of seals) {
    expect((await openIndex(fileSystem, first)).segment.seal.toString('hex')).toBe(seal);
  }
  await keeper.idle();
  expect(database.events).toMatchObject([{ kind: 'erasedOnDisk', upTo: database.sequence }]);
  await database.close();
  expect(await reopenedState(fileSystem)).toEqual(state);
});

test('an erasure that gives way at every step comes to the same', async () => {
  let milliseconds = 0;
  const monotonic = () => {
    milliseconds += 10;
    return milliseconds;
  };
  const clock: Clock = { ...stillClock, monotonic, schedule: scheduleSoon };
  const { fileSystem, keeper } = await withErasures(Number.POSITIVE_INFINITY, clock);
  await keeper.eraseOnDisk();
  expectErased(fileSystem);
});

test('without any snapshot an erasure has only the log to go through', async () => {
  const database = await HistoryDatabase.open(new SimulatedFileSystem());
  const { fileSystem, keeper } = database;
  await database.append([versionsOf(1, 1, 1), versionsOf(2, 2, 1)]);
  await database.append([commitOf(3, [{ kind: 'eraseDocument', id: documentId(1), previousSequence: 1 }])]);
  await keeper.eraseOnDisk();
  expect(fileSystem.exists(snapshotDirectory)).toBe(false);
  expect(fileSystem.names(logDirectory).filter((file) => isOnDiskIn(fileSystem, file, 'body-of-1.'))).toEqual([]);
  expect(fileSystem.names(logDirectory).filter((file) => isOnDiskIn(fileSystem, file, 'body-of-2.'))).toHaveLength(1);
});

function isOnDiskIn(fileSystem: SimulatedFileSystem, file: string, text: string): boolean {
  return fileSystem.readBytes(`${logDirectory}/${file}`).includes(text);
}

test('a large document leaves the disk, and those around it stay', async () => {
  const database = await HistoryDatabase.open(new SimulatedFileSystem(), { segmentBytesMax: 3_000_000 });
  const sizes = [10, 700_000, 2_000_000, 10, 600_000];
  for (const [index, size] of sizes.entries()) {
    const document = documentOf(index + 1, { text: `body-of-${index + 1}.`.padEnd(size, 'x') });
    await database.append([commitOf(index + 1, [{ kind: 'putDocument', document }])]);
  }
  await database.append([commitOf(6, [{ kind: 'eraseDocument', id: documentId(3), previousSequence: 3 }])]);
  await database.takeSnapshot();
  await database.keeper.eraseOnDisk();
  for (const number of [1, 2, 3, 4, 5]) expect(isOnDisk(database.fileSystem, `body-of-${number}.`)).toBe(number !== 3);
  await database.close();
  expect(await reopenedState(database.fileSystem)).toEqual(database.state);
});

test.each(['before it is looked into', 'while it is written again'])(
  'a snapshot that is removed by others %s does not come back',
  async (when) => {
    const { fileSystem, keeper } = await withErasures();
    await keeper.idle();
    const [older = ''] = fileSystem.names(snapshotDirectory);
    const path = `${snapshotDirectory}/${older}`;
    const remove = async (): Promise<void> => {
      if (fileSystem.names(snapshotDirectory).includes(older)) await fileSystem.remove(path);
    };
    if (when === 'before it is looked into') {
      const open = fileSystem.open.bind(fileSystem);
      fileSystem.open = async (opened, mode) => {
        if (opened === path) await remove();
        return open(opened, mode);
      };
    } else {
      fileSystem.delay = async (kind, written) => {
        if (kind === 'write' && written === `${path}.tmp`) await remove();
      };
    }
    await keeper.eraseOnDisk();
    expectErased(fileSystem);
    expect(fileSystem.names(snapshotDirectory)).toHaveLength(1);
    expect(fileSystem.names(snapshotDirectory)).not.toContain(older);
  },
);

test('an erasure that the disk fails is refused, and carried out when it is asked for again', async () => {
  const { fileSystem, keeper, events } = await withErasures();
  await keeper.idle();
  fileSystem.inject = (kind, path) =>
    kind === 'write' && path.endsWith('.snapshot.tmp') ? { kind: 'error', code: 'EIO' } : undefined;
  await expect(keeper.eraseOnDisk()).rejects.toMatchObject({ code: 'EIO' });
  expect(events).toMatchObject([{ kind: 'historyFailed', task: 'erase', cause: { code: 'EIO' } }]);
  expect(fileSystem.names(snapshotDirectory).filter((file) => file.endsWith('.tmp'))).toEqual([]);
  fileSystem.inject = null;
  await keeper.eraseOnDisk();
  expectErased(fileSystem);
});

test('a segment that lost its seal since it was looked at is damaged: nothing is erased', async () => {
  const { fileSystem, keeper, events } = await withErasures();
  await keeper.idle();
  const path = `${logDirectory}/${name(1)}`;
  fileSystem.replaceBytes(path, fileSystem.readBytes(path).subarray(0, -1));
  await expect(keeper.eraseOnDisk()).rejects.toThrow(CorruptionError);
  expect(events).toMatchObject([{ kind: 'historyFailed', task: 'erase' }]);
  expect(isOnDisk(fileSystem, 'body-of-3.')).toBe(true);
});

test('without a pruning or a command nothing is erased on disk', async () => {
  const database = await withErasures();
  await database.keeper.idle();
  await database.close();
  const reopened = await HistoryDatabase.open(database.fileSystem);
  await reopened.keeper.idle();
  expect(reopened.events).toEqual([]);
  expect(isOnDisk(database.fileSystem, 'body-of-3.')).toBe(true);
  expect(reopened.keeper.status.erasedOnDiskUpTo).toBeLessThan(database.sequence);
});

test('an erasure that was carried out is not done again, and a restart knows', async () => {
  const database = await withErasures();
  const { fileSystem, keeper } = database;
  await keeper.eraseOnDisk();
  const { operations } = fileSystem;
  await keeper.eraseOnDisk();
  expect(fileSystem.operations - operations).toBe(0);
  await database.close();
  const reopened = await HistoryDatabase.open(fileSystem);
  await reopened.keeper.idle();
  expect(reopened.keeper.status.erasedOnDiskUpTo).toBe(database.sequence);
  expect(reopened.events).toEqual([]);
});

test.each(['missing', 'damaged', "another database's"])(
  'when the mark is %s all erasures are looked at again',
  async (how) => {
    const database = await withErasures();
    const { fileSystem } = database;
    await database.keeper.eraseOnDisk();
    await database.close();
    const path = `${logDirectory}/erased`;
    const mark = fileSystem.readBytes(path);
    mark[17] = (mark[17] ?? 0) ^ 1;
    if (how === 'missing') fileSystem.deleteBytes(path);
    else if (how === 'damaged') fileSystem.replaceBytes(path, mark);
    else {
      const other = await withErasures();
      await other.append([commitOf(other.sequence + 1, [])]);
      await other.keeper.eraseOnDisk();
      const { crc32 } = await import('node:zlib');
      mark.writeUInt32LE(crc32(mark.subarray(0, 60)), 60);
      fileSystem.replaceBytes(path, mark);
    }
    const reopened = await HistoryDatabase.open(fileSystem);
    await reopened.keeper.idle();
    expect(reopened.keeper.status.erasedOnDiskUpTo).toBeLessThan(database.sequence);
    await reopened.keeper.eraseOnDisk();
    expect(reopened.keeper.status.erasedOnDiskUpTo).toBe(database.sequence);
    expect(reopened.events).toMatchObject([{ kind: 'erasedOnDisk', files: 0 }]);
  },
);

test('a pruning carries erasures out', async () => {
  const database = await withErasures(12_000);
  const { fileSystem, keeper, state } = database;
  await database.takeSnapshot();
  await database.append([commitOf(database.sequence + 1, [])]);
  await database.takeSnapshot();
  await keeper.idle();
  expect(database.events.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['historyPruned', 'erasedOnDisk']));
  expect(keeper.status.erasedOnDiskUpTo).toBe(database.sequence);
  expectErased(fileSystem);
  await database.close();
  expect(await reopenedState(fileSystem)).toEqual(state);
});

test('no file is removed or replaced while it is pinned, and all that was due is done afterwards', async () => {
  const database = await withErasures(12_000);
  const { fileSystem, keeper } = database;
  await keeper.idle();
  const release = await keeper.pin();
  const also = await keeper.pin();
  const before = fileSystem.contents();
  const erased = keeper.eraseOnDisk();
  await database.append([commitOf(database.sequence + 1, [])]);
  for (let turn = 0; turn < 2000; turn += 1) await Promise.resolve();
  release();
  release();
  for (let turn = 0; turn < 2000; turn += 1) await Promise.resolve();
  const during = fileSystem.contents();
  for (const [path, content] of Object.entries(before)) {
    if (!path.endsWith('newest')) expect(during[path]?.startsWith(content), path).toBe(true);
  }
  also();
  await erased;
  expectErased(fileSystem);
});

test('closing stops the work, and the next start goes on with it', async () => {
  const database = await withErasures();
  const { fileSystem, keeper, state } = database;
  const erased = keeper.eraseOnDisk();
  const release = await keeper.pin();
  const rejected = expect(erased).rejects.toThrow('being closed');
  await keeper.close();
  await rejected;
  await expect(keeper.eraseOnDisk()).rejects.toThrow('being closed');
  release();
  await database.log.close();
  const reopened = await HistoryDatabase.open(fileSystem);
  await reopened.keeper.eraseOnDisk();
  expectErased(fileSystem);
  expect(reopened.state).toEqual(state);
  expect(fileSystem.names(logDirectory).filter((file) => file.endsWith('.tmp'))).toEqual([]);
});

test('without room for it a pruning is reported, leaves nothing, and is done when there is room again', async () => {
  const { database, commits } = await fill(5, Number.POSITIVE_INFINITY);
  const { fileSystem } = database;
  await database.close();
  const before = fileSystem.contents();
  fileSystem.capacity = Object.values(before).join('').length / 2 + 300;
  const full = await HistoryDatabase.open(fileSystem, { bytesMax: 8000 });
  await full.keeper.idle();
  const failures = full.events.filter(({ kind }) => kind === 'historyFailed');
  if (full.events.every(({ kind }) => kind === 'historyPruned')) throw new Error('the workload must need a merge');
  expect(failures.map((event) => event.kind === 'historyFailed' && event.task)).toEqual(['prune']);
  expect(full.diskFailures).toEqual([]);
  expect(fileSystem.names(snapshotDirectory).filter((file) => file.endsWith('.tmp'))).toEqual([]);
  fileSystem.capacity = Number.POSITIVE_INFINITY;
  full.keeper.snapshotTaken();
  await full.keeper.idle();
  expect(full.keeper.status.oldest).toBeGreaterThan(0);
  expect(full.keeper.status.bytes).toBeLessThanOrEqual(8000);
  await full.close();
  expect(await reopenedState(fileSystem)).toEqual(stateAfter(commits));
});

test('when the directory of the log cannot be synced the database is told that its disk failed', async () => {
  const database = await withErasures();
  const { fileSystem } = database;
  await database.keeper.idle();
  fileSystem.inject = (kind, path) =>
    kind === 'syncDirectory' && path === logDirectory ? { kind: 'error', code: 'EIO' } : undefined;
  await expect(database.keeper.eraseOnDisk()).rejects.toMatchObject({ code: 'EIO' });
  expect(database.diskFailures).toHaveLength(1);
});

test('an index that is damaged while it is needed is made again', async () => {
  const { database, commits } = await fill(5, Number.POSITIVE_INFINITY);
  const { fileSystem } = database;
  await database.close();
  for (const file of fileSystem.names(logDirectory).filter((candidate) => candidate.endsWith('.index'))) {
    const bytes = fileSystem.readBytes(`${logDirectory}/${file}`);
    bytes[5] = (bytes[5] ?? 0) ^ 1;
    fileSystem.replaceBytes(`${logDirectory}/${file}`, bytes);
  }
  const reopened = await HistoryDatabase.open(fileSystem, { bytesMax: 8000 });
  await reopened.keeper.idle();
  expect(reopened.events.map(({ kind }) => kind)).not.toContain('historyFailed');
  expect(reopened.keeper.status.oldest).toBeGreaterThan(0);
  await reopened.close();
  expect(await reopenedState(fileSystem)).toEqual(stateAfter(commits));
});

test('a rotten segment is reported, and neither merged nor removed', async () => {
  const { database } = await fill(5, Number.POSITIVE_INFINITY);
  const { fileSystem } = database;
  await database.close();
  const [first] = firstSequences(fileSystem);
  const path = `${logDirectory}/${name(first ?? 1)}`;
  const bytes = fileSystem.readBytes(path);
  bytes[400] = (bytes[400] ?? 0) ^ 1;
  fileSystem.replaceBytes(path, bytes);
  fileSystem.deleteBytes(`${logDirectory}/${indexFileName(first ?? 1)}`);
  // A snapshot spares recovery the reading of it.
  const reopened = await HistoryDatabase.open(fileSystem, { bytesMax: 8000 });
  await reopened.keeper.idle();
  expect(reopened.events.map((event) => event.kind === 'historyFailed' && event.task)).toEqual(['index', 'prune']);
  expect(reopened.keeper.status.oldest).toBe(0);
  expect(fileSystem.readBytes(path)).toEqual(bytes);
});

test('a damaged base gives its place to the next snapshot when it would have to be merged', async () => {
  const { database, commits } = await fill(7, Number.POSITIVE_INFINITY, 120, 1000);
  const { fileSystem } = database;
  await database.close();
  const pruned = await HistoryDatabase.open(fileSystem, { bytesMax: database.keeper.status.bytes * 0.8 });
  await pruned.keeper.idle();
  await pruned.close();
  const { oldest, bytes: kept } = pruned.keeper.status;
  expect(oldest).toBeGreaterThan(0);
  const path = `${snapshotDirectory}/${String(oldest).padStart(20, '0')}.base`;
  const bytes = fileSystem.readBytes(path);
  const at = bytes.indexOf('secret-');
  bytes[at] = 0;
  fileSystem.replaceBytes(path, bytes);
  const reopened = await HistoryDatabase.open(fileSystem, { bytesMax: kept - 1 });
  await reopened.keeper.idle();
  expect(reopened.events[0]).toMatchObject({ kind: 'historyFailed', task: 'prune' });
  expect(reopened.keeper.status.oldest).toBeGreaterThan(oldest);
  await reopened.close();
  expect(await reopenedState(fileSystem)).toEqual(stateAfter(commits));
});

test('a snapshot that is damaged does not become the base; the next one does', async () => {
  const { database, commits } = await fill(2, Number.POSITIVE_INFINITY);
  const { fileSystem } = database;
  await database.close();
  const [older = ''] = fileSystem.names(snapshotDirectory);
  const path = `${snapshotDirectory}/${older}`;
  const bytes = fileSystem.readBytes(path);
  fileSystem.replaceBytes(path, bytes.with(bytes.length - 1, bytes.readUInt8(bytes.length - 1) ^ 1));
  const reopened = await HistoryDatabase.open(fileSystem, { bytesMax: 100 });
  await reopened.keeper.idle();
  expect(reopened.events).toMatchObject([{ kind: 'historyFailed', task: 'prune' }]);
  expect(reopened.keeper.status.oldest).toBe(0);
  await reopened.append([commitOf(reopened.sequence + 1, [])]);
  await reopened.takeSnapshot();
  await reopened.keeper.idle();
  expect(reopened.keeper.status.oldest).toBe(commits.length);
  await reopened.close();
  expect(await reopenedState(fileSystem)).toEqual(reopened.state);
});

test('a snapshot that is removed by others before it becomes the base is done without', async () => {
  const { database, commits } = await fill(2, Number.POSITIVE_INFINITY);
  const { fileSystem } = database;
  await database.close();
  const [older = ''] = fileSystem.names(snapshotDirectory);
  const open = fileSystem.open.bind(fileSystem);
  fileSystem.open = async (path, mode) => {
    if (path.endsWith(older)) await fileSystem.remove(path);
    return open(path, mode);
  };
  const reopened = await HistoryDatabase.open(fileSystem, { bytesMax: 1500 });
  await reopened.keeper.idle();
  expect(fileSystem.names(snapshotDirectory)).toHaveLength(1);
  expect(reopened.events).toEqual([]);
  expect(reopened.keeper.status.oldest).toBe(0);
  await reopened.close();
  expect(await reopenedState(fileSystem)).toEqual(stateAfter(commits));
});

/** A pruned database that has what was pruned again, as a power cut may leave it, but for the seal of the first segment. */
async function withLeftovers(): Promise<Filled & { readonly leftovers: readonly string[] }> {
  const filled = await fill(2, Number.POSITIVE_INFINITY);
  const { fileSystem } = filled.database;
  await filled.database.close();
  const segments = firstSequences(fileSystem).map((first) => `${logDirectory}/${name(first)}`);
  const before = segments.map((path) => [path, fileSystem.readBytes(path)] as const);
  const pruned = await HistoryDatabase.open(fileSystem, { bytesMax: 1500 });
  await pruned.keeper.idle();
  await pruned.close();
  const gone = before.filter(([path]) => !fileSystem.names(logDirectory).includes(path.slice(logDirectory.length + 1)));
  for (const [index, [path, bytes]] of gone.entries()) {
    fileSystem.replaceBytes(path, index === 0 ? bytes.subarray(0, -1) : bytes);
  }
  expect(gone.length).toBeGreaterThan(2);
  return { ...filled, leftovers: gone.map(([path]) => path) };
}

test('what is below the floor goes, whole or not', async () => {
  const { database, commits, leftovers } = await withLeftovers();
  expect(await reopenedState(database.fileSystem)).toEqual(stateAfter(commits));
  for (const path of leftovers) expect(Object.keys(database.fileSystem.contents())).not.toContain(path);
});

test('what others have removed already is gone, too', async () => {
  const { database, commits, leftovers } = await withLeftovers();
  const { fileSystem } = database;
  fileSystem.delay = async (kind, path) => {
    if (kind === 'remove') fileSystem.deleteBytes(path);
  };
  expect(await reopenedState(fileSystem)).toEqual(stateAfter(commits));
  for (const path of leftovers) expect(Object.keys(fileSystem.contents())).not.toContain(path);
});

test('what cannot be removed is reported, and removed later', async () => {
  const { database, leftovers } = await withLeftovers();
  const { fileSystem } = database;
  fileSystem.inject = (kind) => (kind === 'remove' ? { kind: 'error', code: 'EIO' } : undefined);
  const reopened = await HistoryDatabase.open(fileSystem);
  await reopened.keeper.idle();
  expect(reopened.events).toMatchObject([{ kind: 'historyFailed', task: 'remove', cause: { code: 'EIO' } }]);
  fileSystem.inject = null;
  reopened.keeper.snapshotTaken();
  await reopened.keeper.idle();
  for (const path of leftovers) expect(Object.keys(fileSystem.contents())).not.toContain(path);
});

test('background work gives way: between two turns of the event loop it never runs for longer than a slice', async () => {
  let now = 0;
  let longest = 0;
  let turnStart = 0;
  // Time passes by looking at the clock: a twentieth of a millisecond each.
  const clock: Clock = {
    ...stillClock,
    monotonic: () => {
      now += 0.05;
      longest = Math.max(longest, now - turnStart);
      return now;
    },
    yield: async () => {
      turnStart = now;
    },
    schedule: scheduleSoon,
  };
  const { database } = await fill(5, Number.POSITIVE_INFINITY);
  await database.close();
  const reopened = await HistoryDatabase.open(database.fileSystem, { bytesMax: 8000, clock });
  await reopened.keeper.idle();
  expect(reopened.keeper.status.oldest).toBeGreaterThan(0);
  expect(now).toBeGreaterThan(10);
  expect(longest).toBeLessThan(4);
});
