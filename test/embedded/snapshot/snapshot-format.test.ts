import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { dataDirectory, documentOf, startTime } from '../log/log-fixture.ts';
import { emptyContent, readContent, snapshotDirectory, writeContent } from './snapshot-fixture.ts';

const path = `${snapshotDirectory}/00000000000000000001.snapshot`;

/** The examples of FORMAT.md, the log and the snapshot: of each line the offset, up to 16 bytes, and what they are. */
async function workedExamples(): Promise<Buffer[]> {
  const text = await readFile(new URL('../../../src/embedded/FORMAT.md', import.meta.url), 'utf8');
  return Array.from(text.matchAll(/```hex\n([^`]*)```/g), ([, block = '']) => {
    const lines = block.split('\n').map((line) => /^ *(\d+) {2}((?:[0-9a-f]{2} ?)+)/.exec(line));
    return Buffer.concat(lines.map((match) => Buffer.from((match?.[2] ?? '').replaceAll(' ', ''), 'hex')));
  });
}

async function example(): Promise<{ log: Buffer; snapshot: Buffer }> {
  const [log, snapshot] = await workedExamples();
  if (log === undefined || snapshot === undefined) throw new Error('FORMAT.md has lost an example');
  return { log, snapshot };
}

/** Bytes that go on counting where the example of the log ends. */
function countingRandom() {
  let next = 0x40;
  return { bytes: (size: number) => Uint8Array.from({ length: size }, () => next++) };
}

test('the worked example of FORMAT.md is what a snapshot of the database in the one before it is, byte for byte', async () => {
  const { log, snapshot } = await example();
  const fileSystem = new SimulatedFileSystem();
  await fileSystem.makeDirectory(dataDirectory);
  const sealAt = log.length - 24 - 36;
  await writeContent(
    fileSystem,
    { ...emptyContent, documents: [documentOf(1)] },
    {
      header: {
        databaseId: '00010203-0405-4607-8809-0a0b0c0d0e0f',
        epoch: '10111213-1415-4617-9819-1a1b1c1d1e1f',
        seal: log.subarray(sealAt, sealAt + 32),
        sequence: 1,
        committedAt: startTime + 1,
      },
      random: countingRandom(),
    },
  );
  expect(fileSystem.readBytes(path).toString('hex')).toBe(snapshot.toString('hex'));
});

test('the worked example is read as what it says', async () => {
  const { snapshot } = await example();
  const fileSystem = new SimulatedFileSystem();
  await fileSystem.makeDirectory(dataDirectory);
  await fileSystem.makeDirectory(snapshotDirectory);
  fileSystem.replaceBytes(path, snapshot);
  expect(await readContent(fileSystem, path)).toEqual({ ...emptyContent, documents: [documentOf(1)] });
});

test('checksums and digest of the worked example follow from the text of FORMAT.md alone', async () => {
  const { snapshot } = await example();
  const at = (offset: number, length: number): Buffer => snapshot.subarray(offset, offset + length);
  const seedAt = (offset: number): number => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(offset));
    return crc32(bytes, crc32(at(48, 16)));
  };
  expect(snapshot.length).toBe(422);
  expect(crc32(at(0, 124))).toBe(snapshot.readUInt32LE(124));
  for (const [block, payload] of [
    [128, 134],
    [282, 24],
  ] as const) {
    expect(snapshot.readUInt32LE(block)).toBe(payload);
    expect(crc32(at(block + 20, payload), seedAt(block))).toBe(snapshot.readUInt32LE(block + 12));
    expect(crc32(at(block, 16), seedAt(block))).toBe(snapshot.readUInt32LE(block + 16));
  }
  expect(crc32(at(326, 92), seedAt(326))).toBe(snapshot.readUInt32LE(418));
  expect(at(366, 32)).toEqual(createHash('sha256').update(at(148, 134)).digest());
});
