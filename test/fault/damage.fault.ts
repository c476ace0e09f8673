import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { dataDirectory, logDirectory } from '../embedded/log/log-fixture.ts';
import { type DamageWorkload, damageWorkload, type Opening, openCopy, segmentPaths } from './damage-workload.ts';
import type { SimulatedFileSystem } from './simulated-file-system.ts';

const sectorBytes = 512;

/**
 * All files that the database can be damaged in. An index is made again from its segment whatever is wrong with it, and of snapshots the older
 * one serves: `embedded/history/segment-index.test.ts` and `embedded/snapshot/recovery-from-snapshot.test.ts` show it for every byte of one.
 */
function filesOf(fileSystem: SimulatedFileSystem): string[] {
  const isDamageable = (path: string) => path !== `${dataDirectory}/lock` && !/\.index(\.tmp)?$/.test(path);
  return Object.keys(fileSystem.contents()).filter(isDamageable);
}

function withBytes(fileSystem: SimulatedFileSystem, path: string, bytes: Uint8Array): SimulatedFileSystem {
  const damaged = fileSystem.copy();
  damaged.replaceBytes(path, bytes);
  return damaged;
}

/** Whatever was opened shows a state that there was. A loop of hundred thousands has no time for `expect`. */
function checkAnswer(opening: Opening, { states }: DamageWorkload, context: () => string): void {
  if (opening.kind === 'refused') return;
  if (!isDeepStrictEqual(opening.documents, states[opening.sequence])) throw new Error(`${context()}: a wrong answer`);
}

/** The last frame may be taken for a torn write, which is told, and its bytes are kept. */
function checkTorn(opening: Opening, workload: DamageWorkload, bytes: Uint8Array, context: () => string): void {
  if (opening.kind === 'refused' || opening.sequence === workload.states.length - 1) return;
  const { truncatedBytes } = opening.recovery;
  if (truncatedBytes === 0) throw new Error(`${context()}: commits are gone, and nothing is said of it`);
  const tail = Buffer.from(bytes.subarray(bytes.length - truncatedBytes));
  const kept = opening.fileSystem
    .names(logDirectory)
    .filter((name) => name.startsWith('torn-'))
    .some((name) => opening.fileSystem.readBytes(`${logDirectory}/${name}`).equals(tail));
  if (!kept && tail.some((byte) => byte !== 0)) throw new Error(`${context()}: the bytes that were cut off are gone`);
}

describe.each(['stopped', 'killed'] as const)('a database that was %s', (end) => {
  test('log cut at every byte offset: the prefix, or a refusal where acknowledged data is missing', async () => {
    const workload = await damageWorkload(end);
    const { fileSystem, frameEnds, newestSegment, states } = workload;
    let openings = 0;
    let refusals = 0;
    for (const path of filesOf(fileSystem)) {
      const bytes = fileSystem.readBytes(path);
      for (let length = 0; length < bytes.length; length += 1) {
        const context = (): string => `${path} cut at ${length} of ${bytes.length}`;
        const opening = await openCopy(withBytes(fileSystem, path, bytes.subarray(0, length)));
        checkAnswer(opening, workload, context);
        if (opening.kind === 'refused') {
          refusals += 1;
          continue;
        }
        openings += 1;
        if (path !== newestSegment) throw new Error(`${context()}: opened`);
        const lost = frameEnds.filter((frameEnd) => frameEnd > length).length;
        expect(opening.sequence, context()).toBe(states.length - 1 - lost);
      }
    }
    expect(openings).toBeGreaterThan(100);
    expect(refusals).toBeGreaterThan(1000);
  });

  test('every byte of the log flipped, or zeroed: detected, or provably harmless; never a wrong answer', {
    timeout: 900_000,
  }, async () => {
    const workload = await damageWorkload(end);
    const { fileSystem, frameEnds, newestSegment, states } = workload;
    const lastFrameAt = (end === 'stopped' ? frameEnds.at(-1) : frameEnds.at(-2)) ?? Number.POSITIVE_INFINITY;
    let damagedBytes = 0;
    let detected = 0;
    let torn = 0;
    for (const path of filesOf(fileSystem)) {
      const bytes = fileSystem.readBytes(path);
      damagedBytes += bytes.length;
      for (const [offset, byte] of bytes.entries()) {
        const flipped = Array.from({ length: 8 }, (_, bit) => byte ^ (1 << bit));
        for (const damage of new Set([...flipped, byte ^ 0xff, 0])) {
          if (damage === byte) continue;
          const damaged = bytes.with(offset, damage);
          const context = (): string => `${path} at ${offset}, ${byte} made ${damage}`;
          const opening = await openCopy(withBytes(fileSystem, path, damaged));
          checkAnswer(opening, workload, context);
          checkTorn(opening, workload, damaged, context);
          if (opening.kind === 'refused') {
            detected += 1;
            continue;
          }
          const inLastFrame = path === newestSegment && offset >= lastFrameAt;
          const complete = opening.sequence === states.length - 1;
          if (!inLastFrame || complete !== (end === 'stopped')) throw new Error(`${context()}: not noticed`);
          torn += 1;
        }
      }
    }
    process.stdout.write(
      `damage: ${end}, each of ${damagedBytes} bytes in all ways: ${detected} refused, ${torn} told as a torn write\n`,
    );
    expect(detected).toBeGreaterThan(10_000);
    expect(torn).toBeGreaterThan(500);
  });

  test('every sector of the log lost: the state of a moment that there was, and nothing missing untold', async () => {
    const workload = await damageWorkload(end);
    const { fileSystem, newestSegment, states } = workload;
    for (const path of filesOf(fileSystem)) {
      const bytes = fileSystem.readBytes(path);
      for (let start = 0; start < bytes.length; start += sectorBytes) {
        const damaged = Buffer.from(bytes).fill(0, start, Math.min(start + sectorBytes, bytes.length));
        const context = (): string => `${path}, sector at ${start}`;
        const opening = await openCopy(withBytes(fileSystem, path, damaged));
        checkAnswer(opening, workload, context);
        checkTorn(opening, workload, damaged, context);
        if (opening.kind === 'refused') continue;
        // What the sector held, to the end of the file, may be what a torn write leaves. Anything else is noticed.
        const atEnd = path === newestSegment && start + sectorBytes >= bytes.length;
        if (!atEnd) throw new Error(`${context()}: opened at ${opening.sequence} of ${states.length - 1}`);
      }
    }
  });

  test('segment missing, doubled, swapped, of another database: refuse', async () => {
    const { fileSystem } = await damageWorkload(end);
    const other = (await damageWorkload(end, 2)).fileSystem;
    const paths = segmentPaths(fileSystem);
    expect(paths.length).toBeGreaterThan(2);
    expect(segmentPaths(other)).toEqual(paths);
    const refused = async (damaged: SimulatedFileSystem, context: string): Promise<void> => {
      expect((await openCopy(damaged)).kind, context).toBe('refused');
    };
    for (const path of paths) {
      const without = fileSystem.copy();
      without.deleteBytes(path);
      await refused(without, `${path} missing`);
      await refused(withBytes(fileSystem, path, other.readBytes(path)), `${path} of another database`);
      await refused(withBytes(other, path, fileSystem.readBytes(path)), `all but ${path} of another database`);
      for (const second of paths) {
        if (second === path) continue;
        const doubled = withBytes(fileSystem, second, fileSystem.readBytes(path));
        await refused(doubled, `${path} also in the place of ${second}`);
        doubled.replaceBytes(path, fileSystem.readBytes(second));
        await refused(doubled, `${path} and ${second} swapped`);
      }
      const copied = withBytes(fileSystem, `${logDirectory}/00000000000000000099.log`, fileSystem.readBytes(path));
      await refused(copied, `${path} twice`);
    }
  });
});
