import { expect, test } from 'vitest';
import type { CommitRecord } from '../../../src/embedded/log/record.ts';
import { recordNewest } from '../../../src/embedded/log/repair.ts';
import { beginEpoch, writeEndedSegment } from '../../../src/embedded/maintenance/log-ending.ts';
import { SeededRandom } from '../../fault/seeded-random.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { appendFrame, commitOf, documentOf, logDirectory, openLog, putCommit, stillClock } from '../log/log-fixture.ts';

const segment = `${logDirectory}/00000000000000000001.log`;
const table = { id: '0190a000-0000-7000-8000-0000000000aa', name: 'users' };
/** Commits with several records, keys and tables, in frames of one to four. */
const frames: readonly (readonly CommitRecord[])[] = [
  [putCommit(1)],
  [
    commitOf(2, [{ kind: 'putTable', table: { ...table, createdAt: 1, settings: { readOnly: true } } }], {
      idempotencyKey: 'key',
      requestDigest: Uint8Array.of(1, 2, 3),
    }),
    commitOf(3, [
      { kind: 'putDocument', document: documentOf(3, { text: '𝄞' }, { table }) },
      { kind: 'putDocument', document: documentOf(4, undefined, { sequence: 3, createdSequence: 3 }) },
    ]),
    putCommit(4, { n: 4 }),
    commitOf(5, [{ kind: 'eraseDocument', id: documentOf(1).id, previousSequence: 1 }]),
  ],
  [putCommit(6), putCommit(7)],
];
const commits = frames.flat();

test.each([true, false])(
  'ended at any commit, within a frame or behind it, a log (stopped cleanly: %s) opens with exactly the commits up to there, in the new epoch',
  async (clean) => {
    for (let sequence = 1; sequence <= commits.length; sequence += 1) {
      const fileSystem = new SimulatedFileSystem();
      const random = new SeededRandom(1);
      const { log } = await openLog(fileSystem, { random });
      for (const frame of frames) await appendFrame(log, frame, random);
      if (clean) await log.close();
      const before = fileSystem.readBytes(segment);

      const written = await writeEndedSegment(fileSystem, segment, logDirectory, sequence);
      expect(fileSystem.readBytes(segment)).toEqual(before);
      if (written === null) expect([clean, sequence]).toEqual([true, commits.length]);
      else await fileSystem.rename(`${segment}.tmp`, segment);
      const previousSeal = written ?? before.subarray(-25 - 36, -25 - 4);
      const { databaseId } = log;
      const next = { databaseId, firstSequence: sequence + 1 };
      const ports = { fileSystem, clock: stillClock, random: new SeededRandom(sequence) };
      const epoch = await beginEpoch(ports, logDirectory, { ...next, previousSeal });
      await recordNewest(fileSystem, logDirectory, next);

      const reopened = await openLog(fileSystem.killProcess());
      expect(reopened.recovered).toEqual(commits.slice(0, sequence));
      expect([reopened.log.databaseId, reopened.log.epoch]).toEqual([databaseId, epoch]);
      expect(epoch).not.toBe(log.epoch);
      await appendFrame(reopened.log, [putCommit(sequence + 1)], random);
    }
  },
);

test('a segment that ends there already, and is sealed, is not written again', async () => {
  const fileSystem = new SimulatedFileSystem();
  const random = new SeededRandom(1);
  const { log } = await openLog(fileSystem, { random });
  for (const frame of frames) await appendFrame(log, frame, random);
  await log.close();
  expect(await writeEndedSegment(fileSystem, segment, logDirectory, commits.length)).toBe(null);
  expect(fileSystem.names(logDirectory)).not.toContain('00000000000000000001.log.tmp');
});

test('a segment cannot be ended at a commit that it does not hold or that cannot be read', async () => {
  const fileSystem = new SimulatedFileSystem();
  const random = new SeededRandom(1);
  const { log } = await openLog(fileSystem, { random });
  for (const frame of frames) await appendFrame(log, frame, random);
  await expect(writeEndedSegment(fileSystem, segment, logDirectory, 8)).rejects.toThrow(RangeError);
  const bytes = fileSystem.readBytes(segment);
  fileSystem.replaceBytes(segment, bytes.with(bytes.length - 5, 0xff));
  await expect(writeEndedSegment(fileSystem, segment, logDirectory, 7)).rejects.toThrow(RangeError);
});
