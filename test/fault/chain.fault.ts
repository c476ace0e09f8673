import { expect, test } from 'vitest';
import { anonymous } from '../../src/database/principal.ts';
import {
  FrameSalt,
  frameHeaderBytes,
  frameKinds,
  readFrameHeader,
  writeFrameHeader,
} from '../../src/embedded/log/frame.ts';
import { decodeSegmentHeader, segmentHeaderBytes } from '../../src/embedded/log/segment-header.ts';
import { damageWorkload, openCopy, openDamageable, segmentPaths } from './damage-workload.ts';
import { SeededRandom } from './seeded-random.ts';
import type { SimulatedFileSystem } from './simulated-file-system.ts';

test('segment swapped between two histories of one database: refuse, by the seal', async () => {
  const { fileSystem } = await damageWorkload('stopped');
  const shared = segmentPaths(fileSystem).length;
  /** Goes on from the same files, in its own way, by three more segments. */
  const goOn = async (seed: number): Promise<SimulatedFileSystem> => {
    const fork = fileSystem.copy();
    for (let round = 0; round < 3; round += 1) {
      const database = await openDamageable(fork, new SeededRandom(seed * 100 + round));
      await database.commit(anonymous, [{ kind: 'create', body: { seed, round } }]);
      await database.close();
    }
    return fork;
  };
  const [one, other] = [await goOn(1), await goOn(2)];
  const own = segmentPaths(one).slice(shared);
  expect(own).toHaveLength(3);
  expect((await openCopy(one)).kind).toBe('opened');
  for (const path of own.slice(0, -1)) {
    const mixed = one.copy();
    mixed.replaceBytes(path, other.readBytes(path));
    const opening = await openCopy(mixed);
    expect(opening).toMatchObject({ kind: 'refused', error: { reason: expect.stringContaining('seal') } });
  }
});

test('a frame that was altered, its checksums put right: refuse, by the link', async () => {
  const { fileSystem } = await damageWorkload('killed');
  for (const path of segmentPaths(fileSystem)) {
    const bytes = fileSystem.readBytes(path);
    const salt = new FrameSalt(decodeSegmentHeader(bytes).salt);
    for (let at = segmentHeaderBytes; at < bytes.length; ) {
      const header = readFrameHeader(bytes, at);
      const end = at + frameHeaderBytes + header.payloadLength;
      if (header.kind === frameKinds.commits) {
        const altered = Buffer.from(bytes);
        // Still a commit that can be read, in all but name.
        altered.write('anonymouS', altered.indexOf('anonymous', at));
        writeFrameHeader(altered.subarray(at, end), at, salt, header);
        const damaged = fileSystem.copy();
        damaged.replaceBytes(path, altered);
        expect((await openCopy(damaged)).kind, `${path} at ${at}`).toBe('refused');
      }
      at = end;
    }
  }
});
