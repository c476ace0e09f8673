import { setImmediate as nextTick } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { anonymous } from '../../../src/database/principal.ts';
import type { Document } from '../../../src/document/document.ts';
import { CorruptionError, NewerFormatError } from '../../../src/embedded/log/log-error.ts';
import type { Clock } from '../../../src/embedded/ports/clock.ts';
import { SnapshotReader } from '../../../src/embedded/snapshot/snapshot-reader.ts';
import { SeededRandom } from '../../fault/seeded-random.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { logDirectory, stillClock } from '../log/log-fixture.ts';
import {
  contentsOf,
  create,
  diskOf,
  documentsOf,
  type OpenedDatabase,
  openDatabase,
  segmentPath,
  snapshotPath,
  temporaryNames,
  tryOpenDatabase,
  update,
} from './database-fixture.ts';
import { readContent, snapshotDirectory, writeContent } from './snapshot-fixture.ts';

interface Workload {
  readonly fileSystem: SimulatedFileSystem;
  readonly documents: readonly Document[];
}

/**
 * Commits 1 to 10, snapshots of 3 and 6: segments 1 to 3 and 4 to 6, sealed, and 7 to 10, left as a killed process leaves it or
 * stopped cleanly.
 */
async function workload({ clean = false, seed = 1 } = {}): Promise<Workload> {
  const fileSystem = new SimulatedFileSystem();
  const { database } = await openDatabase(fileSystem, { random: new SeededRandom(seed) });
  for (let number = 1; number <= 10; number += 1) {
    if (number === 5 || number === 8) await update(database, number === 5 ? 2 : 4, 'changed');
    else await create(database, number);
    if (number === 3 || number === 6) await database.takeSnapshot();
  }
  const documents = await documentsOf(database);
  if (clean) await database.close();
  return { fileSystem: fileSystem.killProcess(), documents };
}

type Damage = (fileSystem: SimulatedFileSystem) => void | Promise<void>;
/** As a pruning raises the floor to commit 3. */
function prune(disk: SimulatedFileSystem): void {
  disk.replaceBytes(snapshotPath(3, 'base'), disk.readBytes(snapshotPath(3)));
  disk.deleteBytes(snapshotPath(3));
  disk.deleteBytes(segmentPath(1));
}

/** The same, after the floor was raised to commit 3. */
async function prunedWorkload(): Promise<Workload> {
  const { fileSystem, documents } = await workload();
  prune(fileSystem);
  return { fileSystem, documents };
}

async function expectServed(fileSystem: SimulatedFileSystem, documents: readonly Document[], snapshot: number | null) {
  const opened = await tryOpenDatabase(fileSystem);
  if (opened instanceof Error) throw opened;
  expect(await documentsOf(opened.database)).toEqual(documents);
  const status = await opened.database.status(anonymous);
  expect(status.sequence).toBe(10);
  expect(status.recovery.snapshot?.sequence ?? null).toBe(snapshot);
  return { ...opened, recovery: status.recovery };
}

test.each([true, false])(
  'a start begins with the newest snapshot and reads the log behind it (clean: %s)',
  async (clean) => {
    const { fileSystem, documents } = await workload({ clean });
    const { recovery, database } = await expectServed(fileSystem, documents, 6);
    expect(recovery).toMatchObject({
      segments: 1,
      frames: 4,
      commits: 4,
      damagedSnapshots: [],
      clean,
      truncatedBytes: 0,
    });
    expect(recovery.snapshot).toMatchObject({ documents: 5, bytes: fileSystem.readBytes(snapshotPath(6)).length });
    expect((await database.status(anonymous)).snapshot).toEqual(recovery.snapshot);
    await create(database, 20);
    await database.close();
    const again = await openDatabase(fileSystem);
    expect(await documentsOf(again.database)).toHaveLength(documents.length + 1);
  },
);

test('a start right after a snapshot reads nothing of the log, and goes on', async () => {
  const fileSystem = new SimulatedFileSystem();
  const { database } = await openDatabase(fileSystem);
  await create(database, 1);
  await create(database, 2);
  await database.takeSnapshot();
  let disk = fileSystem.killProcess();
  for (let number = 3; number <= 5; number += 1) {
    const opened = await openDatabase(disk);
    const { recovery } = await opened.database.status(anonymous);
    expect(recovery).toMatchObject({ commits: number - 3, snapshot: { sequence: 2 }, clean: number === 3 });
    await create(opened.database, number);
    disk = disk.killProcess();
  }
  const { database: last } = await openDatabase(disk);
  expect(await documentsOf(last)).toHaveLength(5);
});

test('tables of a snapshot are there for the commits behind it', async () => {
  const fileSystem = new SimulatedFileSystem();
  const { database } = await openDatabase(fileSystem);
  await create(database, 2);
  await database.takeSnapshot();
  await database.commit(anonymous, [{ kind: 'create', table: 'table 2', body: {} }]);
  const { database: reopened } = await openDatabase(fileSystem.killProcess());
  const [first, second] = await documentsOf(reopened);
  expect(second?.table).toEqual(first?.table);
  await reopened.commit(anonymous, [{ kind: 'create', table: 'table 2', body: {} }]);
  expect((await documentsOf(reopened)).at(-1)?.table).toEqual(first?.table);
});

test('the snapshot of an empty database is one to begin with', async () => {
  const fileSystem = new SimulatedFileSystem();
  const { database } = await openDatabase(fileSystem);
  expect(await database.takeSnapshot()).toMatchObject({ sequence: 0, documents: 0 });
  await create(database, 1);
  const { database: reopened } = await openDatabase(fileSystem.killProcess());
  expect((await reopened.status(anonymous)).recovery).toMatchObject({ snapshot: { sequence: 0 }, commits: 1 });
});

test('every byte of the newest snapshot flipped or zeroed: the older one serves, and the damage is reported', async () => {
  const { fileSystem, documents } = await workload();
  const contents = contentsOf(fileSystem);
  const bytes = fileSystem.readBytes(snapshotPath(6));
  const random = new SeededRandom(4);
  for (let offset = 0; offset < bytes.length; offset += 1) {
    const byte = bytes[offset] ?? 0;
    for (const damaged of new Set([byte ^ (1 << random.below(8)), 0])) {
      if (damaged === byte) continue;
      const disk = await diskOf(contents);
      disk.replaceBytes(snapshotPath(6), bytes.with(offset, damaged));
      const { recovery } = await expectServed(disk, documents, 3);
      expect(recovery).toMatchObject({ commits: 7, damagedSnapshots: ['00000000000000000006.snapshot'] });
    }
  }
});

test('without a snapshot that is whole the whole log serves, when it begins with commit 1', async () => {
  const { fileSystem, documents } = await workload();
  for (const sequence of [3, 6]) {
    const bytes = fileSystem.readBytes(snapshotPath(sequence));
    fileSystem.replaceBytes(snapshotPath(sequence), bytes.with(200, (bytes[200] ?? 0) ^ 1));
  }
  const { recovery, events } = await expectServed(fileSystem, documents, null);
  expect(recovery.damagedSnapshots).toEqual(['00000000000000000006.snapshot', '00000000000000000003.snapshot']);
  expect(events.filter(({ kind }) => kind === 'snapshotDamaged')).toMatchObject([
    { file: snapshotPath(6), reason: expect.stringContaining('checksum') },
    { file: snapshotPath(3) },
  ]);
});

test('a snapshot that was told of survives a power cut, under its name and whole', async () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const { fileSystem } = await workload();
    const { database } = await openDatabase(fileSystem);
    await database.takeSnapshot();
    const { database: reopened } = await openDatabase(fileSystem.cutPower(new SeededRandom(seed)));
    expect((await reopened.status(anonymous)).recovery, `seed ${seed}`).toMatchObject({ snapshot: { sequence: 10 } });
  }
});

test('a start that finds a snapshot damaged takes another by itself', async () => {
  const { fileSystem } = await workload();
  fileSystem.replaceBytes(snapshotPath(6), Buffer.of(1, 2, 3));
  const { database, events } = await openDatabase(fileSystem);
  for (let tick = 0; tick < 100 && !events.some(({ kind }) => kind === 'snapshotTaken'); tick += 1) await nextTick();
  expect(events).toContainEqual(expect.objectContaining({ kind: 'snapshotTaken', sequence: 10 }));
  await database.close();
});

test('snapshots that are damaged are replaced at once, by one that is whole', async () => {
  const { fileSystem } = await workload();
  fileSystem.replaceBytes(snapshotPath(6), Buffer.of(1, 2, 3));
  const { database, events } = await openDatabase(fileSystem);
  await database.takeSnapshot();
  expect(events.filter(({ kind }) => kind === 'snapshotTaken')).toHaveLength(1);
  expect(fileSystem.names(snapshotDirectory)).toEqual([
    '00000000000000000003.snapshot',
    '00000000000000000010.snapshot',
  ]);
  await database.close();
  const { database: reopened } = await openDatabase(fileSystem);
  expect((await reopened.status(anonymous)).recovery).toMatchObject({
    snapshot: { sequence: 10 },
    damagedSnapshots: [],
  });
});

test('a snapshot that cannot be read is damaged', async () => {
  const { fileSystem, documents } = await workload();
  const open = fileSystem.open.bind(fileSystem);
  fileSystem.open = async (path, mode) => {
    const file = await open(path, mode);
    if (path !== snapshotPath(6)) return file;
    const read = () => Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' }));
    return Object.assign(Object.create(file), { size: () => file.size(), close: () => file.close(), read });
  };
  const { recovery } = await expectServed(fileSystem, documents, 3);
  expect(recovery.damagedSnapshots).toEqual(['00000000000000000006.snapshot']);
});

test('a base serves like any other, and the log may begin behind it', async () => {
  const { fileSystem, documents } = await prunedWorkload();
  await expectServed(fileSystem, documents, 6);
  const other = await prunedWorkload();
  other.fileSystem.deleteBytes(snapshotPath(6));
  await expectServed(other.fileSystem, documents, 3);
});

test('a base that is damaged is reported, and a snapshot behind it serves', async () => {
  const { fileSystem, documents } = await prunedWorkload();
  const bytes = fileSystem.readBytes(snapshotPath(3, 'base'));
  const contents = contentsOf(fileSystem);
  for (const offset of [20, 70, 124, bytes.length - 1, bytes.length - 50]) {
    const disk = await diskOf(contents);
    disk.replaceBytes(snapshotPath(3, 'base'), bytes.with(offset, (bytes[offset] ?? 0) ^ 4));
    const { recovery } = await expectServed(disk, documents, 6);
    expect(recovery.damagedSnapshots).toEqual(['00000000000000000003.base']);
  }
  // What is between its ends is looked at when it is needed.
  fileSystem.replaceBytes(snapshotPath(3, 'base'), bytes.with(200, (bytes[200] ?? 0) ^ 4));
  expect((await expectServed(fileSystem, documents, 6)).recovery.damagedSnapshots).toEqual([]);
});

test('what a pruning left below the floor is not read', async () => {
  const { fileSystem, documents } = await prunedWorkload();
  fileSystem.replaceBytes(segmentPath(1), Buffer.from('left'));
  fileSystem.replaceBytes(snapshotPath(2), Buffer.from('left'));
  fileSystem.replaceBytes(snapshotPath(2, 'base'), Buffer.from('left'));
  await expectServed(fileSystem, documents, 6);
});

test('the newest segment may end with the base', async () => {
  const fileSystem = new SimulatedFileSystem();
  const { database } = await openDatabase(fileSystem);
  await create(database, 1);
  await create(database, 2);
  await database.takeSnapshot();
  const documents = await documentsOf(database);
  const disk = fileSystem.killProcess();
  disk.replaceBytes(snapshotPath(2, 'base'), disk.readBytes(snapshotPath(2)));
  disk.deleteBytes(snapshotPath(2));
  const { database: reopened } = await openDatabase(disk);
  expect(await documentsOf(reopened)).toEqual(documents);
  await create(reopened, 3);
  const { database: again } = await openDatabase(disk.killProcess());
  expect(await documentsOf(again)).toHaveLength(3);
});

const swap: Damage = (fileSystem) => {
  const first = fileSystem.readBytes(segmentPath(1));
  fileSystem.replaceBytes(segmentPath(1), fileSystem.readBytes(segmentPath(4)));
  fileSystem.replaceBytes(segmentPath(4), first);
};

test.each<[string, Damage]>([
  ['a segment below the snapshot is missing', (disk) => disk.deleteBytes(segmentPath(4))],
  ['the first segment is missing', (disk) => disk.deleteBytes(segmentPath(1))],
  ['the segment behind the snapshot is missing', (disk) => disk.deleteBytes(segmentPath(7))],
  [
    'the log ends before the snapshot, whatever names the newest segment',
    (disk) => {
      disk.deleteBytes(segmentPath(7));
      disk.deleteBytes(segmentPath(4));
      disk.deleteBytes(`${logDirectory}/newest`);
    },
  ],
  [
    'the log is missing',
    (disk) => {
      for (const name of disk.names(logDirectory)) disk.deleteBytes(`${logDirectory}/${name}`);
    },
  ],
  ['the record of the newest segment is missing', (disk) => disk.deleteBytes(`${logDirectory}/newest`)],
  ['two segments are swapped', swap],
  ['a segment is there twice', (disk) => disk.replaceBytes(segmentPath(4), disk.readBytes(segmentPath(1)))],
  [
    'a segment below lost its seal',
    (disk) => disk.replaceBytes(segmentPath(4), disk.readBytes(segmentPath(4)).subarray(0, -1)),
  ],
  [
    'the seal of a segment below is damaged',
    (disk) => {
      const bytes = disk.readBytes(segmentPath(4));
      disk.replaceBytes(segmentPath(4), bytes.with(bytes.length - 3, 7));
    },
  ],
  [
    'the header of a segment below is damaged',
    (disk) => disk.replaceBytes(segmentPath(4), disk.readBytes(segmentPath(4)).with(100, 7)),
  ],
  ['a segment below is empty', (disk) => disk.replaceBytes(segmentPath(4), Buffer.alloc(0))],
  ['a snapshot has the name of another', (disk) => disk.replaceBytes(snapshotPath(6), disk.readBytes(snapshotPath(3)))],
  [
    'a snapshot has a name of no known form',
    (disk) => disk.replaceBytes(`${snapshotDirectory}/6.snapshot`, Buffer.of(1)),
  ],
  ['a snapshot is of a commit that the log has not', (disk) => disk.replaceBytes(snapshotPath(11), Buffer.of(1))],
  [
    'a snapshot is of a commit in the middle of a segment',
    async (disk) => {
      const content = await readContent(disk, snapshotPath(6));
      const header = { ...(await headerOf(disk, 6)), sequence: 5 };
      disk.deleteBytes(snapshotPath(6));
      await writeContent(disk, content, { header });
    },
  ],
  [
    'a snapshot is of another history',
    async (disk) => {
      const content = await readContent(disk, snapshotPath(6));
      await writeContent(disk, content, { header: { ...(await headerOf(disk, 6)), seal: new Uint8Array(32).fill(1) } });
    },
  ],
  [
    'a snapshot of everything is of another history',
    async (disk) => {
      const content = await readContent(disk, snapshotPath(6));
      disk.deleteBytes(segmentPath(7));
      disk.replaceBytes(`${logDirectory}/newest`, (await workloadUpTo6()).readBytes(`${logDirectory}/newest`));
      await writeContent(disk, content, { header: { ...(await headerOf(disk, 6)), seal: new Uint8Array(32).fill(1) } });
    },
  ],
  [
    'the base is missing',
    (disk) => {
      prune(disk);
      disk.deleteBytes(snapshotPath(3, 'base'));
    },
  ],
  [
    'the base is another under its name',
    (disk) => {
      prune(disk);
      disk.replaceBytes(snapshotPath(3, 'base'), disk.readBytes(snapshotPath(6)));
    },
  ],
  [
    'base and snapshots are damaged',
    (disk) => {
      prune(disk);
      disk.replaceBytes(snapshotPath(3, 'base'), disk.readBytes(snapshotPath(3, 'base')).with(150, 99));
      disk.replaceBytes(snapshotPath(6), disk.readBytes(snapshotPath(6)).with(150, 99));
    },
  ],
  [
    'the segment behind the base is missing',
    (disk) => {
      prune(disk);
      disk.deleteBytes(segmentPath(4));
    },
  ],
])('a database is refused, and left as it is, when %s', async (_, damage) => {
  const { fileSystem } = await workload();
  await damage(fileSystem);
  expect(await tryOpenDatabase(fileSystem)).toBeInstanceOf(CorruptionError);
});

async function workloadUpTo6(): Promise<SimulatedFileSystem> {
  const fileSystem = new SimulatedFileSystem();
  const { database } = await openDatabase(fileSystem);
  for (let number = 1; number <= 6; number += 1) {
    await create(database, number);
    if (number % 3 === 0) await database.takeSnapshot();
  }
  return fileSystem.killProcess();
}

async function headerOf(fileSystem: SimulatedFileSystem, sequence: number) {
  const reader = await SnapshotReader.open(fileSystem, snapshotPath(sequence));
  await reader.close();
  const { databaseId, epoch, seal, committedAt } = reader.header;
  return { databaseId, epoch, seal, committedAt, sequence };
}

test('files of another database are refused: a segment below, a snapshot, all snapshots', async () => {
  const { fileSystem: other } = await workload({ seed: 2 });
  for (const foreign of [[segmentPath(4)], [snapshotPath(6)], [snapshotPath(6), snapshotPath(3)]]) {
    const { fileSystem } = await workload();
    for (const path of foreign) fileSystem.replaceBytes(path, other.readBytes(path));
    expect(await tryOpenDatabase(fileSystem), foreign.join()).toBeInstanceOf(CorruptionError);
  }
});

test('a snapshot of a newer format is refused, and no older one serves in its place', async () => {
  const { fileSystem } = await workload();
  const bytes = fileSystem.readBytes(snapshotPath(6));
  bytes.writeUInt16LE(2, 8);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 124)), 124);
  fileSystem.replaceBytes(snapshotPath(6), bytes);
  expect(await tryOpenDatabase(fileSystem)).toBeInstanceOf(NewerFormatError);
});

test('half-made snapshots are removed once a start has succeeded', async () => {
  const { fileSystem, documents } = await workload();
  fileSystem.replaceBytes(`${snapshotPath(9)}.tmp`, Buffer.of(1));
  await expectServed(fileSystem, documents, 6);
  expect(temporaryNames(fileSystem)).toEqual([]);
});

test('a start that takes long tells how far it is', async () => {
  const fileSystem = new SimulatedFileSystem();
  const { database } = await openDatabase(fileSystem);
  for (let number = 1; number <= 30; number += 1) {
    await create(database, number, 'x'.repeat(100_000));
    if (number === 15) await database.takeSnapshot();
  }
  let milliseconds = 0;
  const clock: Clock = { ...stillClock, monotonic: () => (milliseconds += 700) };
  const { events } = await openDatabase(fileSystem.killProcess(), { clock });
  const told = events.filter((event) => event.kind === 'recovering');
  expect(new Set(told.map(({ phase }) => phase))).toEqual(new Set(['snapshot', 'log']));
  for (const event of told) {
    expect(event.bytes).toBeGreaterThan(0);
    expect(event.bytes).toBeLessThanOrEqual(event.bytesTotal);
  }
});

test('no file is left open by a start, whatever comes of it', async () => {
  const unreadable = `${logDirectory}/erased`;
  for (const damage of [null, snapshotPath(6), segmentPath(4), segmentPath(7), unreadable]) {
    const { fileSystem } = await workload();
    if (damage !== null && damage !== unreadable)
      fileSystem.replaceBytes(damage, fileSystem.readBytes(damage).subarray(0, -20));
    let open = 0;
    const openFile = fileSystem.open.bind(fileSystem);
    fileSystem.open = async (path, mode) => {
      if (damage === unreadable && path === unreadable) throw Object.assign(new Error('EIO'), { code: 'EIO' });
      const file = await openFile(path, mode);
      open += 1;
      return Object.assign(Object.create(file), {
        size: () => file.size(),
        read: (target: Uint8Array, at: number) => file.read(target, at),
        write: (source: Uint8Array, at: number) => file.write(source, at),
        truncate: (size: number) => file.truncate(size),
        datasync: () => file.datasync(),
        sync: () => file.sync(),
        tryLock: () => file.tryLock(),
        close: async () => {
          open -= 1;
          await file.close();
        },
      });
    };
    const opened = await tryOpenDatabase(fileSystem).catch((error: unknown) => error);
    if (!(opened instanceof Error)) await (opened as OpenedDatabase).database.close();
    expect(open, damage ?? 'whole').toBe(0);
  }
});
