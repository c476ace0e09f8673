import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { appendFrame, logDirectory, openLog, putCommit } from './log-fixture.ts';

/** The bytes of the worked example in FORMAT.md: of each line the offset, up to 16 bytes, and what they are. */
async function workedExample(): Promise<Buffer> {
  const text = await readFile(new URL('../../../src/embedded/FORMAT.md', import.meta.url), 'utf8');
  const block = /```hex\n([^`]*)```/.exec(text)?.[1] ?? '';
  const lines = block.split('\n').map((line) => /^ *(\d+) {2}((?:[0-9a-f]{2} ?)+)/.exec(line));
  return Buffer.concat(lines.map((match) => Buffer.from((match?.[2] ?? '').replaceAll(' ', ''), 'hex')));
}

/** Bytes that count up, as the example has them. */
function countingRandom() {
  let next = 0;
  return { bytes: (size: number) => Uint8Array.from({ length: size }, () => next++) };
}

test('the worked example of FORMAT.md is what the log writes, byte for byte', async () => {
  const example = await workedExample();
  expect(example.length).toBe(473);
  const fileSystem = new SimulatedFileSystem();
  const random = countingRandom();
  const { log } = await openLog(fileSystem, { random });
  await appendFrame(log, [putCommit(1)], random);
  await log.close();
  const written = fileSystem.readBytes(`${logDirectory}/00000000000000000001.log`);
  expect(written.toString('hex')).toBe(example.toString('hex'));
});

test('the worked example opens, and holds the commit that it says', async () => {
  const fileSystem = new SimulatedFileSystem();
  const { log } = await openLog(fileSystem, { random: countingRandom() });
  await log.close();
  fileSystem.replaceBytes(`${logDirectory}/00000000000000000001.log`, await workedExample());
  const { recovered, log: opened } = await openLog(fileSystem);
  expect(recovered).toEqual([putCommit(1)]);
  expect(opened.report).toMatchObject({
    segments: 1,
    frames: 1,
    commits: 1,
    bytes: 473,
    truncatedBytes: 0,
    clean: true,
  });
  expect(opened.databaseId).toBe('00010203-0405-4607-8809-0a0b0c0d0e0f');
  expect(opened.epoch).toBe('10111213-1415-4617-9819-1a1b1c1d1e1f');
});

test('checksums and links of the worked example follow from the text of FORMAT.md alone', async () => {
  const example = await workedExample();
  const at = (offset: number, length: number): Buffer => example.subarray(offset, offset + length);
  const sha256 = (...parts: Buffer[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();
  const seedAt = (offset: number): number => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(offset));
    return crc32(bytes, crc32(at(48, 16)));
  };

  expect(crc32(at(0, 124))).toBe(example.readUInt32LE(124));
  for (const [frame, payload] of [
    [128, 176],
    [376, 25],
  ] as const) {
    expect(crc32(at(frame + 72, payload), seedAt(frame))).toBe(example.readUInt32LE(frame + 32));
    expect(crc32(at(frame, 68), seedAt(frame))).toBe(example.readUInt32LE(frame + 68));
  }

  const digest = sha256(at(238, 16), at(254, 1), at(255, 121));
  const link = sha256(sha256(at(0, 128)), at(136, 1), at(144, 8), at(152, 4), at(204, 30), digest);
  expect(at(164, 32)).toEqual(link);
  expect(at(412, 32)).toEqual(sha256(link, at(384, 1), at(392, 8), at(400, 4), at(448, 25)));
});
