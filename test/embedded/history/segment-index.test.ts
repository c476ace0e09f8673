import { expect, test } from 'vitest';
import { type IndexEntry, subjects } from '../../../src/embedded/history/index-entry.ts';
import { RecordWindow } from '../../../src/embedded/history/record-window.ts';
import { IndexDamagedError, indexFileName, SegmentIndex } from '../../../src/embedded/history/segment-index.ts';
import { writeSegmentIndex } from '../../../src/embedded/history/segment-index-writer.ts';
import { TimeSlice } from '../../../src/embedded/history/time-slice.ts';
import { ByteReader } from '../../../src/embedded/log/byte-reader.ts';
import { CorruptionError } from '../../../src/embedded/log/log-error.ts';
import { type CommitRecord, recordKinds } from '../../../src/embedded/log/record.ts';
import { settingKey } from '../../../src/embedded/log/setting-key.ts';
import { SeededRandom } from '../../fault/seeded-random.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import {
  appendFrame,
  commitOf,
  documentId,
  documentOf,
  logDirectory,
  openLog,
  stillClock,
} from '../log/log-fixture.ts';
import { firstSequences, openSealed, pathOf, RandomWorkload, slice, writeLog } from './history-fixture.ts';

interface ExpectedEntry {
  readonly subject: number;
  readonly id: string;
  readonly sequence: number;
  readonly kind: number;
}

/** What an index should hold of these commits: newest first, and of one commit the later record first. */
function expectedEntries(commits: readonly CommitRecord[]): ExpectedEntry[] {
  const entries: ExpectedEntry[] = [];
  for (const { sequence, records } of commits) {
    for (const record of records) {
      const kind = recordKinds[record.kind];
      if (record.kind === 'putDocument') {
        entries.push({ subject: subjects.document, id: record.document.id, sequence, kind });
      } else if (record.kind === 'putTable') {
        entries.push({ subject: subjects.table, id: record.table.id, sequence, kind });
      } else if (record.kind === 'eraseDocument') {
        entries.push({ subject: subjects.document, id: record.id, sequence, kind });
      } else if (record.kind === 'dropTable') {
        entries.push({ subject: subjects.table, id: record.id, sequence, kind });
      } else if (record.kind === 'putIndex') {
        entries.push({ subject: subjects.index, id: record.index.id, sequence, kind });
      } else if (record.kind === 'dropIndex') {
        entries.push({ subject: subjects.index, id: record.id, sequence, kind });
      } else if (record.kind === 'putKey') {
        entries.push({ subject: subjects.key, id: record.key.id, sequence, kind });
      } else {
        entries.push({ subject: subjects.setting, id: settingKey(record.setting.name), sequence, kind });
      }
    }
  }
  return entries.reverse().sort((a, b) => a.subject - b.subject || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

function withoutPlace({ subject, id, sequence, kind }: IndexEntry): ExpectedEntry {
  return { subject, id, sequence, kind };
}

async function openIndex(fileSystem: SimulatedFileSystem, firstSequence = 1): Promise<SegmentIndex | null> {
  return SegmentIndex.open(fileSystem, logDirectory, await openSealed(fileSystem, firstSequence));
}

async function makeIndex(fileSystem: SimulatedFileSystem, firstSequence = 1): Promise<SegmentIndex> {
  const segment = await openSealed(fileSystem, firstSequence);
  await writeSegmentIndex(segment, { fileSystem, directory: logDirectory, slice });
  const index = await SegmentIndex.open(fileSystem, logDirectory, segment);
  if (index === null) throw new Error('the index that was just made is not there');
  return index;
}

async function allEntries(index: SegmentIndex): Promise<IndexEntry[]> {
  const all: IndexEntry[] = [];
  for await (const entries of index.entries()) all.push(...entries);
  return all;
}

test('an index holds every version of every document, table, index and setting, sorted by id, newest first', async () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const random = new SeededRandom(seed);
    const workload = new RandomWorkload(random);
    const commits = Array.from({ length: 60 }, () => workload.next());
    const fileSystem = new SimulatedFileSystem();
    await writeLog(fileSystem, commits, random, 6000);
    const segments = firstSequences(fileSystem);
    expect(segments.length).toBeGreaterThan(1);
    for (const [at, first] of segments.entries()) {
      const own = commits.slice(first - 1, (segments[at + 1] ?? commits.length + 1) - 1);
      const index = await makeIndex(fileSystem, first);
      expect((await allEntries(index)).map(withoutPlace), `seed ${seed}`).toEqual(expectedEntries(own));
      const last = own.at(-1);
      expect(index.footer).toMatchObject({
        firstSequence: first,
        lastSequence: last?.sequence,
        lastCommittedAt: last?.committedAt,
        erasures: own.flatMap(({ records }) => records).filter(({ kind }) => kind === 'eraseDocument').length,
      });
    }
  }
});

/** Enough for many blocks, ids in no order, some of them again and again. */
async function largeSegment(): Promise<{ fileSystem: SimulatedFileSystem; commits: CommitRecord[] }> {
  const random = new SeededRandom(7);
  const fileSystem = new SimulatedFileSystem();
  const commits = Array.from({ length: 50 }, (_, index) => {
    const sequence = index + 1;
    const records = Array.from({ length: 100 }, () => {
      const id = documentId(random.chance(0.1) ? 5000 : random.below(2000));
      return { kind: 'putDocument' as const, document: documentOf(sequence, { n: sequence }, { id }) };
    });
    return commitOf(sequence, records);
  });
  const { log } = await openLog(fileSystem);
  await appendFrame(log, commits, random);
  await log.close();
  return { fileSystem, commits };
}

test('one document is found without reading the others: all of its versions, or the newest up to a sequence', async () => {
  const { fileSystem, commits } = await largeSegment();
  const index = await makeIndex(fileSystem);
  const expected = expectedEntries(commits);
  expect(index.footer.entries).toBe(5000);
  expect((await allEntries(index)).map(withoutPlace)).toEqual(expected);
  for (const number of [0, 1, 2, 500, 1234, 1999, 5000, 2500, 9999]) {
    const id = documentId(number);
    const own = expected.filter((entry) => entry.id === id);
    expect((await index.versions(subjects.document, id)).map(withoutPlace)).toEqual(own);
    expect(await index.versions(subjects.table, id)).toEqual([]);
    for (const sequence of [0, 1, 17, 40]) {
      const newest = await index.newest(subjects.document, id, sequence);
      expect(newest === null ? undefined : withoutPlace(newest)).toEqual(
        own.find((entry) => entry.sequence <= sequence),
      );
    }
  }
});

test('an index that is made in the smallest of slices is the same', async () => {
  const { fileSystem } = await largeSegment();
  const { path } = await makeIndex(fileSystem);
  const atOnce = fileSystem.readBytes(path);
  let now = 0;
  const hasty = new TimeSlice({ ...stillClock, monotonic: () => (now += 10) });
  await writeSegmentIndex(await openSealed(fileSystem, 1), { fileSystem, directory: logDirectory, slice: hasty });
  expect(fileSystem.readBytes(path).equals(atOnce)).toBe(true);
});

test('an entry leads to its record', async () => {
  const random = new SeededRandom(3);
  const workload = new RandomWorkload(random);
  const fileSystem = new SimulatedFileSystem();
  const commits = Array.from({ length: 20 }, () => workload.next());
  const large = documentOf(21, { text: 'x'.repeat(40_000) });
  commits.push(commitOf(21, [{ kind: 'putDocument', document: large }]));
  await writeLog(fileSystem, commits, random, 100_000);
  const index = await makeIndex(fileSystem);
  const records = new RecordWindow();
  for (const entry of await allEntries(index)) {
    const record = await records.read(index.segment, entry);
    expect(record.readUInt32LE(0)).toBe(record.length - (4 + 16 + 1));
    expect(record[20]).toBe(entry.kind);
    expect(new ByteReader(record, 21, record.length).uuid()).toBe(entry.id);
  }
});

test('a record that rotted after it was indexed is refused', async () => {
  const { fileSystem } = await largeSegment();
  const { path } = (await makeIndex(fileSystem)).segment;
  const bytes = fileSystem.readBytes(path);
  const at = bytes.length >> 1;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  fileSystem.replaceBytes(path, bytes);
  const index = await openIndex(fileSystem);
  if (index === null) throw new Error('there is no index');
  const records = new RecordWindow();
  const refused: unknown[] = [];
  for (const entry of await allEntries(index)) {
    await records.read(index.segment, entry).catch((error: unknown) => refused.push(error));
  }
  expect(refused).toHaveLength(1);
  expect(refused[0]).toBeInstanceOf(CorruptionError);
  await expect(makeIndex(fileSystem)).rejects.toThrow(CorruptionError);
});

test('an index of an empty segment, or one whose records have no entry, is empty', async () => {
  const fileSystem = new SimulatedFileSystem();
  const { log } = await openLog(fileSystem);
  await appendFrame(log, [commitOf(1, []), commitOf(2, [], { idempotencyKey: 'a' })], new SeededRandom(1));
  await log.close();
  const index = await makeIndex(fileSystem);
  expect(index.footer).toMatchObject({ entries: 0, lastSequence: 2 });
  expect(await allEntries(index)).toEqual([]);
  expect(await index.versions(subjects.document, documentId(1))).toEqual([]);
});

test('whatever byte of an index is flipped, nothing is read from it that the segment does not hold', async () => {
  const random = new SeededRandom(5);
  const workload = new RandomWorkload(random);
  const fileSystem = new SimulatedFileSystem();
  await writeLog(
    fileSystem,
    Array.from({ length: 60 }, () => workload.next()),
    random,
    100_000,
  );
  const entries = await allEntries(await makeIndex(fileSystem));
  const path = pathOf(indexFileName(1));
  const good = fileSystem.readBytes(path);
  expect(entries.length).toBeGreaterThan(97);
  for (let at = 0; at < good.length; at += 1) {
    const bad = Buffer.from(good);
    bad[at] = (bad[at] ?? 0) ^ (1 << (at % 8));
    fileSystem.replaceBytes(path, bad);
    const index = await openIndex(fileSystem);
    if (index === null) continue;
    await expect(allEntries(index)).rejects.toThrow(IndexDamagedError);
  }
  for (const length of [0, 1, 127, 128, 4096, good.length - 1]) {
    fileSystem.replaceBytes(path, good.subarray(0, length));
    expect(await openIndex(fileSystem)).toBeNull();
  }
});

test('the index of another segment, even of one with the same name, does not count', async () => {
  const fileSystems = [1, 2].map(() => new SimulatedFileSystem());
  const indexes: Buffer[] = [];
  for (const [number, fileSystem] of fileSystems.entries()) {
    const { log } = await openLog(fileSystem, { random: new SeededRandom(1) });
    // The same database, the same salt, the same lengths: one document differs.
    await appendFrame(
      log,
      [commitOf(1, [{ kind: 'putDocument', document: documentOf(1, { n: number }) }])],
      new SeededRandom(1),
    );
    await log.close();
    await makeIndex(fileSystem);
    indexes.push(fileSystem.readBytes(pathOf(indexFileName(1))));
  }
  const [first] = fileSystems;
  if (first === undefined || indexes[1] === undefined) throw new Error('there are two');
  expect(await openIndex(first)).not.toBeNull();
  first.replaceBytes(pathOf(indexFileName(1)), indexes[1]);
  expect(await openIndex(first)).toBeNull();
});

test('a segment that is still written to is not taken for a sealed one', async () => {
  const fileSystem = new SimulatedFileSystem();
  const { log } = await openLog(fileSystem);
  // As long as a seal.
  await appendFrame(log, [commitOf(1, [], { principal: '' })], new SeededRandom(1));
  await expect(openSealed(fileSystem, 1)).rejects.toThrow('is not sealed');
  await log.close();
  expect((await openSealed(fileSystem, 1)).lastSequence).toBe(1);
});

test('without room for an index nothing is left of it', async () => {
  const { fileSystem } = await largeSegment();
  const before = fileSystem.contents();
  const segment = await openSealed(fileSystem, 1);
  const used = Object.values(before).join('').length / 2;
  for (const room of [0, 1, 4096, 100_000]) {
    fileSystem.capacity = used + room;
    await expect(writeSegmentIndex(segment, { fileSystem, directory: logDirectory, slice })).rejects.toThrow('No room');
    expect(fileSystem.contents()).toEqual(before);
  }
});
