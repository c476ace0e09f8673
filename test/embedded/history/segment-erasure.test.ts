import { expect, test } from 'vitest';
import { findErasedDocuments } from '../../../src/embedded/history/erasure-search.ts';
import { subjects } from '../../../src/embedded/history/index-entry.ts';
import { eraseInSegment } from '../../../src/embedded/history/segment-erasure.ts';
import type { LogRecord } from '../../../src/embedded/log/record.ts';
import { SeededRandom } from '../../fault/seeded-random.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { appendFrame, commitOf, documentId, documentOf, logDirectory, openLog, putCommit } from '../log/log-fixture.ts';
import { makeIndexes, openSealed, pathOf, slice } from './history-fixture.ts';

const path = pathOf('00000000000000000001.log');

async function sealedSegment(seed = 1): Promise<SimulatedFileSystem> {
  const fileSystem = new SimulatedFileSystem();
  const { log } = await openLog(fileSystem, { random: new SeededRandom(seed) });
  for (const sequence of [1, 2, 3]) await appendFrame(log, [putCommit(sequence)], new SeededRandom(sequence));
  await log.close();
  return fileSystem;
}

/** Erases the records at these offsets; that of document 2 when none are given. */
async function erase(fileSystem: SimulatedFileSystem, offsets?: ReadonlySet<number>): Promise<void> {
  const [index] = await makeIndexes(fileSystem, [1]);
  const versions = (await index?.versions(subjects.document, documentId(2))) ?? [];
  const exchange = (rename: () => Promise<void>) => rename();
  const own = new Set(versions.map(({ offset }) => offset));
  const segment = await openSealed(fileSystem, 1);
  await eraseInSegment(segment, offsets ?? own, { fileSystem, directory: logDirectory, slice, exchange });
}

test('the last erasures of documents are found by id, some at a time', async () => {
  const fileSystem = new SimulatedFileSystem();
  const { log } = await openLog(fileSystem);
  const eraseOf = (number: number): LogRecord => ({
    kind: 'eraseDocument',
    id: documentId(number),
    previousSequence: 1,
  });
  const putOf = (number: number): LogRecord => ({
    kind: 'putDocument',
    document: documentOf(2, {}, { id: documentId(number) }),
  });
  const commits = [
    commitOf(1, [putOf(1), putOf(2), putOf(3), putOf(4)]),
    commitOf(2, [eraseOf(4), eraseOf(1), putOf(1)]),
    commitOf(3, [eraseOf(3), eraseOf(2), eraseOf(1)]),
  ];
  await appendFrame(log, commits, new SeededRandom(1));
  await log.close();
  const [index] = await makeIndexes(fileSystem, [1]);
  if (index === undefined) throw new Error('there is one');
  const find = async (afterSequence: number, afterId: string, countMax: number) =>
    (await findErasedDocuments(index, { afterSequence, afterId, countMax }, slice)).map(({ id, sequence }) => [
      Number.parseInt(id.slice(-12), 16),
      sequence,
    ]);
  expect(await find(0, '', 2)).toEqual([
    [1, 3],
    [2, 3],
  ]);
  expect(await find(0, documentId(2), 2)).toEqual([
    [3, 3],
    [4, 2],
  ]);
  expect(await find(2, '', 10)).toEqual([
    [1, 3],
    [2, 3],
    [3, 3],
  ]);
  expect(await find(3, '', 10)).toEqual([]);
});

test('records that are not where they are said to be are not erased, and nothing is written', async () => {
  const fileSystem = await sealedSegment();
  const before = fileSystem.readBytes(path);
  await expect(erase(fileSystem, new Set([1]))).rejects.toThrow('has 0 of 1 records');
  expect(fileSystem.readBytes(path)).toEqual(before);
  expect(fileSystem.names(logDirectory).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

test.each<[string, (written: Buffer, original: Buffer) => Promise<Buffer>, string]>([
  ['what was there before', async (_, original) => original, 'has 0 erased records instead of 1'],
  ['a part', async (written) => written.subarray(0, -1), 'does not end in a seal'],
  ["another log's segment", async () => (await sealedSegment(2)).readBytes(path), 'another seal'],
  ['other bytes', async (written) => written.with(200, written.readUInt8(200) ^ 1) as Buffer, 'damaged'],
])('a segment that reads back as %s does not take the place of the other', async (_, change, reason) => {
  const fileSystem = await sealedSegment();
  const original = fileSystem.readBytes(path);
  const open = fileSystem.open.bind(fileSystem);
  fileSystem.open = async (opened, mode) => {
    if (opened === `${path}.tmp` && mode === 'read') {
      fileSystem.replaceBytes(opened, await change(fileSystem.readBytes(opened), original));
    }
    return open(opened, mode);
  };
  await expect(erase(fileSystem)).rejects.toThrow(reason);
  expect(fileSystem.readBytes(path)).toEqual(original);
  expect(fileSystem.names(logDirectory).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  fileSystem.open = open;
  await erase(fileSystem);
  expect(fileSystem.readBytes(path).length).toBeLessThan(original.length);
});
