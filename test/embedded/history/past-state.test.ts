import { expect, test } from 'vitest';
import { mergeBase } from '../../../src/embedded/history/base-merge.ts';
import { writePastState } from '../../../src/embedded/history/past-state.ts';
import type { SegmentIndex } from '../../../src/embedded/history/segment-index.ts';
import { CorruptionError } from '../../../src/embedded/log/log-error.ts';
import { SnapshotReader } from '../../../src/embedded/snapshot/snapshot-reader.ts';
import { type WrittenSnapshot, writeSnapshot } from '../../../src/embedded/snapshot/snapshot-writer.ts';
import { SeededRandom } from '../../fault/seeded-random.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { appendFrame, commitOf, dataDirectory, documentId, openLog, stillClock } from '../log/log-fixture.ts';
import { emptyContent, identity, readContent, snapshotDirectory, writeContent } from '../snapshot/snapshot-fixture.ts';
import {
  firstSequences,
  makeIndexes,
  openIndex,
  RandomWorkload,
  slice,
  stateAfter,
  takeSnapshot,
  writeLog,
} from './history-fixture.ts';

const commitCount = 80;

/** A log in several segments, its commits, and a base at the end of one of them, or none. */
async function randomHistory(seed: number) {
  const random = new SeededRandom(seed);
  const workload = new RandomWorkload(random);
  const commits = Array.from({ length: commitCount }, () => workload.next());
  const fileSystem = new SimulatedFileSystem();
  await writeLog(fileSystem, commits, random);
  const segments = firstSequences(fileSystem);
  const baseAt = random.below(segments.length);
  const baseSequence = (segments[baseAt] ?? 1) - 1;
  const base =
    baseAt === 0
      ? null
      : await SnapshotReader.open(fileSystem, (await takeSnapshot(fileSystem, commits, baseSequence, 'base')).path);
  const indexes = await makeIndexes(fileSystem, segments.slice(baseAt));
  return { fileSystem, commits, base, baseSequence, indexes };
}

type RandomHistory = Awaited<ReturnType<typeof randomHistory>>;

/** Writes that state as a snapshot of a file system of its own. */
async function writeStateAt(
  { base, indexes }: RandomHistory,
  sequence: number,
): Promise<[SimulatedFileSystem, WrittenSnapshot]> {
  const fileSystem = new SimulatedFileSystem();
  await fileSystem.makeDirectory(dataDirectory);
  const written = await writeSnapshot({
    fileSystem,
    directory: snapshotDirectory,
    role: 'base',
    header: { ...identity, sequence },
    clock: stillClock,
    random: new SeededRandom(1),
    content: (writer) => writePastState({ base, indexes, sequence }, writer, slice),
  });
  return [fileSystem, written];
}

test('at every sequence from the floor on, base and indexes give the state that a replay up to it gives', async () => {
  let states = 0;
  for (let seed = 1; seed <= 12; seed += 1) {
    const history = await randomHistory(seed);
    for (let sequence = history.baseSequence; sequence <= commitCount; sequence += 1) {
      const [fileSystem, written] = await writeStateAt(history, sequence);
      const expected = stateAfter(history.commits.slice(0, sequence));
      expect(await readContent(fileSystem, written.path), `seed ${seed}, sequence ${sequence}`).toEqual(expected);
      states += 1;
    }
  }
  expect(states).toBeGreaterThan(400);
});

test('a merge at the end of a segment has the digest of a snapshot taken there', async () => {
  for (let seed = 100; seed <= 110; seed += 1) {
    const history = await randomHistory(seed);
    for (const { footer } of history.indexes) {
      const [, merged] = await writeStateAt(history, footer.lastSequence);
      const taken = await takeSnapshot(history.fileSystem, history.commits, footer.lastSequence);
      expect(merged.footer.digest).toBe(taken.footer.digest);
    }
  }
});

test('tables of base and segments come sorted by id, whichever they are in', async () => {
  const tables = [3, 1, 4, 2].map((number) => ({
    id: documentId(number),
    name: `table ${number}`,
    createdAt: number,
    settings: {},
  }));
  const commits = tables.map((table, index) => commitOf(index + 1, [{ kind: 'putTable', table }]));
  commits.push(commitOf(5, []));
  const fileSystem = new SimulatedFileSystem();
  const { log } = await openLog(fileSystem, { segmentBytesMax: 1 });
  for (const commit of commits) await appendFrame(log, [commit], new SeededRandom(commit.sequence));
  await log.close();
  const { path } = await takeSnapshot(fileSystem, commits, 2, 'base');
  const base = await SnapshotReader.open(fileSystem, path);
  const indexes = await makeIndexes(fileSystem, [3, 4, 5]);
  const [target, written] = await writeStateAt({ fileSystem, commits, base, baseSequence: 2, indexes }, 5);
  expect(await readContent(target, written.path)).toEqual(stateAfter(commits));
});

test('what does not follow what is before it is not merged', async () => {
  const { fileSystem, commits } = await randomHistory(3);
  const segments = firstSequences(fileSystem);
  const [, second = 0, third = 0] = segments;
  const taken = await takeSnapshot(fileSystem, commits, second - 1);
  const base = await SnapshotReader.open(fileSystem, taken.path);
  const other = new SimulatedFileSystem();
  await other.makeDirectory(dataDirectory);
  const ofOther = await writeContent(other, emptyContent, { header: { ...identity, sequence: second - 1 } });
  const otherBase = await SnapshotReader.open(other, ofOther.path);
  const merge = (from: SnapshotReader | null, indexes: readonly SegmentIndex[]) =>
    mergeBase({
      fileSystem,
      clock: stillClock,
      random: new SeededRandom(1),
      signal: new AbortController().signal,
      directory: snapshotDirectory,
      base: from,
      indexes,
      exchange: (rename) => rename(),
    });
  const names = fileSystem.names(snapshotDirectory);
  await expect(merge(base, await makeIndexes(fileSystem, [third]))).rejects.toThrow(`it begins with commit ${third}`);
  await expect(merge(otherBase, await makeIndexes(fileSystem, [second]))).rejects.toThrow('does not hold the seal');
  await expect(merge(base, [])).rejects.toThrow('nothing to merge');
  expect(fileSystem.names(snapshotDirectory)).toEqual(names);
  await merge(base, await makeIndexes(fileSystem, [second]));
  expect(fileSystem.names(snapshotDirectory)).toHaveLength(names.length + 1);
});

test('a record that rotted is not merged', async () => {
  const history = await randomHistory(3);
  const { fileSystem, indexes } = history;
  const [, { footer }] = await writeStateAt(history, commitCount);
  let refused = 0;
  for (const [number, { segment }] of indexes.entries()) {
    const good = fileSystem.readBytes(segment.path);
    for (const { index: at } of good.toString('latin1').matchAll(/secret-/g)) {
      const bad = Buffer.from(good);
      bad[at] = 0;
      fileSystem.replaceBytes(segment.path, bad);
      const damaged = indexes.with(number, await openIndex(fileSystem, segment.header.firstSequence));
      try {
        // Versions that are not the newest are not read.
        const [, written] = await writeStateAt({ ...history, indexes: damaged }, commitCount);
        expect(written.footer.digest).toBe(footer.digest);
      } catch (error) {
        expect(error).toBeInstanceOf(CorruptionError);
        refused += 1;
      }
    }
    fileSystem.replaceBytes(segment.path, good);
  }
  expect(refused).toBeGreaterThan(5);
});

test('a damaged base is not merged', async () => {
  const history = await randomHistory(4);
  const other = new SimulatedFileSystem();
  await other.makeDirectory(dataDirectory);
  const { path } = await writeContent(other, stateAfter(history.commits.slice(0, 40)), { role: 'base' });
  const bytes = other.readBytes(path);
  const at = bytes.indexOf('secret-');
  bytes[at] = 0;
  other.replaceBytes(path, bytes);
  const base = await SnapshotReader.open(other, path);
  await expect(writeStateAt({ ...history, base }, commitCount)).rejects.toThrow(CorruptionError);
});
