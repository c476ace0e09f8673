import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { anonymous } from '../../src/database/principal.ts';
import { subjects } from '../../src/embedded/history/index-entry.ts';
import { SealedSegment } from '../../src/embedded/history/sealed-segment.ts';
import { SegmentIndex } from '../../src/embedded/history/segment-index.ts';
import { walkSegment } from '../../src/embedded/history/segment-walk.ts';
import { TimeSlice } from '../../src/embedded/history/time-slice.ts';
import { formatVersion } from '../../src/embedded/log/file-header.ts';
import { recordKinds } from '../../src/embedded/log/record.ts';
import { verifyDirectory } from '../../src/embedded/maintenance/verification.ts';
import { documentId, stillClock } from '../embedded/log/log-fixture.ts';
import { SimulatedFileSystem } from '../fault/simulated-file-system.ts';
import {
  bytesOf,
  directory,
  diskOf,
  type GoldenBackup,
  type GoldenDatabase,
  openGolden,
  restoreGolden,
  shownBy,
} from './golden-database.ts';

const files = readdirSync(new URL('.', import.meta.url)).filter((name) => name.endsWith('.json'));
const backups = files.filter((name) => name.endsWith('-backup.json'));
const names = files.filter((name) => !backups.includes(name));
const keyed = names.filter((name) => name.endsWith('-keys.json'));
const pruned = names.filter((name) => name.endsWith('-pruned.json'));

function read(name: string): GoldenDatabase {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'));
}

const verified = (fileSystem: SimulatedFileSystem, at: string) =>
  verifyDirectory({ fileSystem, clock: stillClock, directory: at });

test('there are golden files of the format as it is now', () => {
  for (const how of ['stopped', 'killed', 'pruned', 'tables', 'keys', 'backup'])
    expect(files).toContain(`format-${formatVersion}-${how}.json`);
});

// When these fail while the version is not released yet, remake the files: npm run fix:golden.
test.each(names)('%s opens with exactly what was in it, and takes writes', async (name) => {
  const golden = read(name);
  const fileSystem = await diskOf(golden);
  const report = await verified(fileSystem, directory);
  expect(report).toMatchObject({ clean: true, sequence: golden.sequence, documents: golden.documents.length });
  const database = await openGolden(fileSystem, 5);
  const { recovery, ...shown } = await shownBy(database);
  expect(shown).toEqual({ sequence: golden.sequence, documents: golden.documents, tables: golden.tables });
  expect(recovery).toMatchObject({ truncatedBytes: golden.truncatedBytes, clean: golden.clean });
  expect(golden.documents.length).toBeGreaterThan(3);
  for (const { id } of golden.documents) {
    expect(database.getDocument(anonymous, id, 'INCLUDE')?.id).toBe(id);
  }

  const { sequence } = await database.commit(anonymous, [{ kind: 'create', body: { after: true } }]);
  expect(sequence).toBe(golden.sequence + 1);
  await database.close();
  const again = await shownBy(await openGolden(fileSystem, 6));
  expect(again.documents.slice(0, -1)).toEqual(golden.documents);
  expect(again.documents.at(-1)?.body).toBe('{"after":true}');
});

test.each(keyed)(
  '%s knows the requests again that were made with a key, and of those what they have made',
  async (name) => {
    const { requests = [], ...golden } = read(name);
    expect(requests.map(({ versions }) => versions?.length ?? null)).toEqual([1, 3, null, 1, null]);
    const fileSystem = await diskOf(golden);
    const database = await openGolden(fileSystem, 5);
    for (const { key, operations, versions, ...commit } of requests) {
      const replayed = await database.commit(anonymous, operations, { idempotency: { key } });
      expect(replayed).toMatchObject({ ...commit, replayed: true });
      expect(replayed.documentsGone === undefined).toBe(versions !== null);
      expect(replayed.documents.map(({ id, version }) => [id, version])).toEqual(versions ?? []);
      await expect(database.commit(anonymous, [], { idempotency: { key } })).rejects.toMatchObject({
        code: 'IDEMPOTENCY_KEY_REUSED',
      });
    }
    await database.close();
  },
);

test.each(pruned)(
  '%s has a merged base, snapshots, indexes and an erased segment, each of which is taken for what it is',
  async (name) => {
    const golden = read(name);
    const fileSystem = await diskOf(golden);
    const { floor, snapshots } = await verified(fileSystem, directory);
    expect([floor, snapshots, fileSystem.names(`${directory}/snapshots`).sort()]).toEqual([
      5,
      3,
      ['00000000000000000005.base', '00000000000000000009.snapshot', '00000000000000000010.snapshot'],
    ]);
    // What the erased document held in the base.
    expect(Object.values(fileSystem.contents()).join('')).not.toContain(
      Buffer.from('12345678901234567890').toString('hex'),
    );
    const log = `${directory}/log`;
    const erased: number[] = [];
    const indexed = new Map<string, number[]>();
    for (const firstSequence of [6, 9, 10]) {
      const path = `${log}/${String(firstSequence).padStart(20, '0')}.log`;
      const segment = await SealedSegment.open(fileSystem, path, firstSequence);
      if (segment === null) throw new Error(`${path} is not sealed`);
      for await (const { commits } of walkSegment(segment, new TimeSlice(stillClock))) {
        for (const { sequence, records } of commits) {
          if (records.some(({ kind }) => kind === recordKinds.erased)) erased.push(sequence);
        }
      }
      const index = await SegmentIndex.open(fileSystem, log, segment);
      if (index === null) throw new Error(`the index of ${path} is not taken for one`);
      for (const { id } of [...golden.documents, { id: documentId(1) }]) {
        const versions = await index.versions(subjects.document, id);
        indexed.set(id, [...(indexed.get(id) ?? []), ...versions.map(({ sequence }) => sequence)]);
      }
    }
    expect(erased).toEqual([7]);
    for (const { id, sequence } of golden.documents)
      expect(Math.max(5, ...(indexed.get(id) ?? []))).toBe(Math.max(5, sequence));
    expect(indexed.get(documentId(1))).toEqual([10]);

    const database = await openGolden(fileSystem, 5);
    const { recovery, history } = await database.status(anonymous);
    expect([recovery.snapshot?.sequence, history]).toMatchObject([10, { oldest: 5, erasedOnDiskUpTo: 10 }]);
    await database.close();
  },
);

test.each(backups)('%s restores to exactly what was in it, at its end and earlier', async (name) => {
  const { archive, states, stateDigest }: GoldenBackup = JSON.parse(
    readFileSync(new URL(name, import.meta.url), 'utf8'),
  );
  const fileSystem = new SimulatedFileSystem();
  await fileSystem.makeDirectory(directory);
  fileSystem.replaceBytes(`${directory}/backup.tar`, bytesOf(archive));
  expect(states.length).toBeGreaterThan(2);
  for (const { sequence, documents } of states) {
    const at = await restoreGolden(fileSystem, { sequence });
    const report = await verified(fileSystem, at);
    expect(report).toMatchObject({ clean: true, floor: 5, sequence });
    if (sequence === states.at(-1)?.sequence) expect(report.stateDigest).toBe(stateDigest);
    const database = await openGolden(fileSystem, 5, { at });
    expect(await shownBy(database)).toMatchObject({ sequence, documents });
    await database.close();
  }
});
