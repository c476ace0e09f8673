import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { anonymous } from '../../../src/database/principal.ts';
import { openEmbeddedDatabase } from '../../../src/embedded/embedded-database.ts';
import { openBackup } from '../../../src/embedded/maintenance/backup-reader.ts';
import {
  type RestoreOptions,
  RestoreRefusedError,
  restoreBackup,
} from '../../../src/embedded/maintenance/restoration.ts';
import {
  carryOutSalvage,
  planSalvage,
  type SalvageOptions,
  type SalvagePlan,
} from '../../../src/embedded/maintenance/salvage.ts';
import { verify } from '../../../src/embedded/maintenance/verification.ts';
import { systemClock } from '../../../src/embedded/ports/clock.ts';
import { SeededRandom } from '../../fault/seeded-random.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';

const directory = '/data';
const snapshots = '/data/snapshots';
const log = '/data/log';
const file = (folder: string, sequence: number, suffix: string): string =>
  `${folder}/${String(sequence).padStart(20, '0')}.${suffix}`;

let fileSystem: SimulatedFileSystem;

/** Commits 1 to 8 in four segments, which begin with 1, 4, 6 and 8; snapshots of commits 3, 5 and 7, of which two are kept. */
async function fill(seed = 1): Promise<SimulatedFileSystem> {
  const made = new SimulatedFileSystem();
  const database = await openEmbeddedDatabase({ directory, fileSystem: made, random: new SeededRandom(seed) });
  const put = (n: number, table?: string) =>
    database.commit(anonymous, [{ kind: 'create', id: idOf(n), name: 'n', body: { n }, table }]);
  const update = (n: number, version: number) =>
    database.commit(anonymous, [{ kind: 'update', id: idOf(n), version, body: { n, version } }]);
  await put(1, 'users');
  await put(2);
  await update(1, 1);
  await database.takeSnapshot();
  await put(3, 'users');
  await update(1, 2);
  await database.takeSnapshot();
  await put(4, 'others');
  await update(2, 1);
  await database.takeSnapshot();
  await update(4, 1);
  await database.close();
  return made;
}

function idOf(n: number): string {
  return `0190a000-0000-7000-8000-${String(n).padStart(12, '0')}`;
}

/** Takes the history before a snapshot away as a pruning does. */
function prune(disk: SimulatedFileSystem, sequence: number): void {
  disk.replaceBytes(file(snapshots, sequence, 'base'), disk.readBytes(file(snapshots, sequence, 'snapshot')));
  for (const name of disk.names(snapshots)) {
    if (name.endsWith('.snapshot') && Number(name.slice(0, 20)) <= sequence) disk.deleteBytes(`${snapshots}/${name}`);
  }
  for (const name of disk.names(log)) {
    if (name.endsWith('.log') && Number(name.slice(0, 20)) <= sequence) disk.deleteBytes(`${log}/${name}`);
  }
}

function flip(path: string, at: number | string): void {
  const bytes = fileSystem.readBytes(path);
  const offset = typeof at === 'number' ? at : bytes.indexOf(at);
  fileSystem.replaceBytes(path, bytes.with(offset, (bytes[offset] ?? 0) ^ 1));
}

const verified = () => verify({ fileSystem, clock: systemClock, directory });

beforeEach(async () => {
  fileSystem = await fill();
});

describe('verification', () => {
  test('of a directory with snapshots is clean, also when its history was pruned', async () => {
    const whole = await verified();
    expect(whole).toMatchObject({ clean: true, snapshots: 2, floor: 0, sequence: 8, commits: 8, segments: 4 });
    prune(fileSystem, 5);
    const pruned = await verified();
    expect(pruned).toMatchObject({ clean: true, snapshots: 2, floor: 5, sequence: 8, commits: 3, segments: 2 });
    expect(pruned.stateDigest).toBe(whole.stateDigest);
    prune(fileSystem, 7);
    expect(await verified()).toMatchObject({ clean: true, floor: 7, commits: 1, stateDigest: whole.stateDigest });
  });

  test('finds every flipped byte of a snapshot and of a base', async () => {
    prune(fileSystem, 5);
    for (const path of [file(snapshots, 7, 'snapshot'), file(snapshots, 5, 'base')]) {
      const bytes = fileSystem.readBytes(path);
      for (let at = 0; at < bytes.length; at += 1) {
        flip(path, at);
        const report = await verified();
        expect([at, report.clean, report.problems[0]?.file]).toEqual([at, false, path]);
        fileSystem.replaceBytes(path, bytes);
      }
    }
    expect((await verified()).clean).toBe(true);
  });

  test('finds a snapshot that is whole and does not belong', async () => {
    const other = await fill(2);
    const seven = file(snapshots, 7, 'snapshot');
    const good = fileSystem.readBytes(seven);
    const reasons = async () => (await verified()).problems.map(({ reason }) => reason);
    fileSystem.replaceBytes(seven, other.readBytes(seven));
    expect(await reasons()).toEqual([
      expect.stringContaining('it is of database'),
      expect.stringContaining('are of two histories'),
      'what it holds is not what the log comes to at commit 7',
    ]);
    fileSystem.replaceBytes(seven, fileSystem.readBytes(file(snapshots, 5, 'snapshot')));
    expect(await reasons()).toEqual(["it is the snapshot of commit 5 under another's name"]);
    fileSystem.replaceBytes(seven, good);
    fileSystem.replaceBytes(`${snapshots}/copy.snapshot`, good);
    expect(await reasons()).toEqual(['no snapshot has such a name']);
  });

  test('finds a log that ends before its snapshot', async () => {
    fileSystem.deleteBytes(file(log, 6, 'log'));
    fileSystem.deleteBytes(file(log, 8, 'log'));
    const { problems } = await verified();
    expect(problems.map(({ reason }) => reason)).toContain(
      'the log ends with commit 5, before what this is a snapshot of',
    );
  });
});

describe('repair', () => {
  let plan: SalvagePlan | null;
  const options = (): SalvageOptions => ({ fileSystem, clock: systemClock, random: new SeededRandom(9), directory });

  beforeEach(() => {
    plan = null;
  });

  /** Whatever was repaired is clean and opens. */
  afterEach(async () => {
    if (plan === null) return;
    const { epoch } = await carryOutSalvage(plan, options());
    expect(await verified()).toMatchObject({ clean: true, sequence: plan.sequence, floor: plan.floor, epoch });
    const database = await openEmbeddedDatabase({ directory, fileSystem: fileSystem.killProcess() });
    expect(await database.status(anonymous)).toMatchObject({ sequence: plan.sequence, epoch });
    await database.commit(anonymous, [{ kind: 'create', name: 'next', body: {} }]);
    await database.close();
  });

  test('begins with the snapshot behind the damage: history is lost, and not a document', async () => {
    flip(file(log, 4, 'log'), '{"n":3}');
    plan = await planSalvage(options());
    expect(plan).toMatchObject({ floor: 5, floorBefore: 0, sequence: 8, lastKnown: 8, cut: null });
    expect(plan?.newBase?.sequence).toBe(5);
    expect(plan?.dropped).toEqual(['log/00000000000000000001.log', 'log/00000000000000000004.log']);
  });

  test('takes a damaged snapshot out', async () => {
    flip(file(snapshots, 7, 'snapshot'), 300);
    plan = await planSalvage(options());
    expect(plan).toMatchObject({ floor: 0, sequence: 8, lastKnown: 8, newBase: null });
    expect(plan?.dropped).toEqual(['snapshots/00000000000000000007.snapshot']);
  });

  test('makes the next snapshot the base when that is damaged', async () => {
    prune(fileSystem, 5);
    flip(file(snapshots, 5, 'base'), 300);
    plan = await planSalvage(options());
    expect(plan).toMatchObject({ floor: 7, floorBefore: 5, sequence: 8 });
    expect(plan?.dropped).toEqual(['log/00000000000000000006.log', 'snapshots/00000000000000000005.base']);
  });

  test('cuts behind the last snapshot, and takes out what is of later', async () => {
    flip(file(log, 8, 'log'), '{"n":4,');
    plan = await planSalvage(options());
    expect(plan).toMatchObject({ floor: 0, sequence: 7, lastKnown: 8, newBase: null });
    expect(plan?.dropped).toEqual(['log/00000000000000000008.log']);
  });

  test('without any snapshot that is whole ends before the damage', async () => {
    for (const sequence of [5, 7]) flip(file(snapshots, sequence, 'snapshot'), 300);
    flip(file(log, 6, 'log'), '{"n":2,');
    plan = await planSalvage(options());
    expect(plan).toMatchObject({ floor: 0, sequence: 6, lastKnown: 8 });
    expect(plan?.cut?.path).toBe(file(log, 6, 'log'));
  });

  test('does nothing where nothing is damaged', async () => {
    expect(await planSalvage(options())).toBe(null);
    prune(fileSystem, 7);
    expect(await planSalvage(options())).toBe(null);
  });
});

describe('backup and restore', () => {
  const archive = '/data/backup.tar';
  const ports = () => ({ fileSystem, clock: systemClock, random: new SeededRandom(5) });

  async function backUp(): Promise<void> {
    const database = await openEmbeddedDatabase({ directory, fileSystem });
    const backup = await database.openBackup(anonymous);
    await expect(database.openBackup(anonymous)).rejects.toMatchObject({ code: 'OVERLOADED' });
    const chunks: Uint8Array[] = [];
    for await (const chunk of backup.archive) chunks.push(chunk);
    await backup.close();
    await backup.close();
    await (await database.openBackup(anonymous)).close();
    await database.close();
    fileSystem.replaceBytes(archive, Buffer.concat(chunks));
  }

  async function restore(name: string, to: RestoreOptions['to']) {
    const backup = await openBackup(fileSystem, archive);
    return restoreBackup({ ...ports(), backup, directory: name, to });
  }

  test('of a database whose history was pruned reach back to its floor, and no further', async () => {
    prune(fileSystem, 5);
    const { stateDigest } = await verified();
    await backUp();
    expect(await restore('/whole', null)).toMatchObject({ sequence: 8, stateDigest });
    for (const sequence of [5, 6, 7]) {
      const name = `/to-${sequence}`;
      const { epoch, documents } = await restore(name, { sequence });
      const database = await openEmbeddedDatabase({ directory: name, fileSystem });
      expect(await database.status(anonymous)).toMatchObject({ sequence, epoch, documents });
      await database.commit(anonymous, [{ kind: 'create', name: 'next', body: {} }]);
      await database.close();
      expect(await verify({ fileSystem, clock: systemClock, directory: name })).toMatchObject({
        clean: true,
        floor: 5,
      });
    }
    await expect(restore('/too-early', { sequence: 4 })).rejects.toThrow('reaches from commit 5 to 8');
    await expect(restore('/too-late', { sequence: 9 })).rejects.toThrow('reaches from commit 5 to 8');
    await expect(restore('/before', { time: 1 })).rejects.toThrow(RestoreRefusedError);
    expect(await restore('/now', { time: Date.now() + 1000 })).toMatchObject({ sequence: 8 });
  });

  test('hold nothing of a document that was erased on disk, and restore to before its erasure without it', async () => {
    const database = await openEmbeddedDatabase({ directory, fileSystem });
    await database.commit(anonymous, [{ kind: 'erase', id: idOf(1), version: 3 }]);
    await database.eraseOnDisk();
    await database.close();
    expect(await verified()).toMatchObject({ clean: true, sequence: 9, documents: 3 });
    await backUp();
    expect(fileSystem.readBytes(archive).includes('{"n":1')).toBe(false);
    expect(await restore('/whole', null)).toMatchObject({ sequence: 9, documents: 3 });
    expect(await restore('/earlier', { sequence: 6 })).toMatchObject({ sequence: 6, documents: 3 });
    const { clean } = await verify({ fileSystem, clock: systemClock, directory: '/earlier' });
    expect(clean).toBe(true);
  });
});

test('an erasure on disk that was interrupted at any file is no damage', async () => {
  const before = fileSystem.contents();
  const database = await openEmbeddedDatabase({ directory, fileSystem });
  await database.commit(anonymous, [{ kind: 'erase', id: idOf(1), version: 3 }]);
  await database.close();
  const erased = fileSystem.contents();
  const again = await openEmbeddedDatabase({ directory, fileSystem });
  await again.eraseOnDisk();
  await again.close();
  const rewritten = Object.keys(before).filter((path) => erased[path] !== fileSystem.contents()[path]);
  expect(rewritten.filter((path) => /\.(log|snapshot)$/.test(path)).length).toBeGreaterThan(3);
  // Each of them as it was, all others rewritten: more than an interruption can leave.
  for (const path of rewritten) {
    const bytes = fileSystem.readBytes(path);
    fileSystem.replaceBytes(path, Buffer.from(erased[path] ?? '', 'hex'));
    expect([path, (await verified()).problems]).toEqual([path, []]);
    fileSystem.replaceBytes(path, bytes);
  }
});
