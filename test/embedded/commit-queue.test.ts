import { Buffer } from 'node:buffer';
import { setImmediate as nextTick } from 'node:timers/promises';
import { beforeEach, expect, test } from 'vitest';
import { CommitQueue } from '../../src/embedded/commit-queue.ts';
import type { EncodedCommit } from '../../src/embedded/log/record.ts';
import { systemClock } from '../../src/embedded/ports/clock.ts';

interface Frame {
  readonly sequences: readonly number[];
  readonly succeed: () => void;
  readonly fail: (error: Error) => void;
}

let frames: Frame[];
let applied: number[];
let failures: unknown[];
let queue: CommitQueue;

beforeEach(() => {
  frames = [];
  applied = [];
  failures = [];
  queue = new CommitQueue({
    writer: {
      append: (commits) =>
        new Promise((succeed, fail) => {
          frames.push({ sequences: commits.map(({ sequence }) => sequence), succeed, fail });
        }),
    },
    clock: systemClock,
    pendingBytesMax: 1000,
    onFailure: (error) => failures.push(error),
  });
});

function apply(sequence: number): undefined {
  applied.push(sequence);
}

function enqueue(sequence: number): Promise<void> {
  const commit: EncodedCommit = {
    sequence,
    bytes: Buffer.alloc(10),
    linkBytes: Buffer.alloc(0),
    recordCount: 0,
  };
  return queue.enqueue(commit, () => apply(sequence));
}

test('a barrier waits for the frame that is being written and for what gathered behind it', async () => {
  const commits = [enqueue(1)];
  await nextTick();
  commits.push(enqueue(2));
  const barrier = queue.barrier(async () => [...applied]);
  await nextTick();
  frames[0]?.succeed();
  await nextTick();
  expect(frames.map(({ sequences }) => sequences)).toEqual([[1], [2]]);
  frames[1]?.succeed();
  expect(await barrier).toEqual([1, 2]);
  await Promise.all(commits);
});

test('the queue is idle once nothing is being written any more, whatever came of it', async () => {
  const commits = [enqueue(1)];
  await nextTick();
  commits.push(enqueue(2));
  expect(queue.pendingBytes).toBe(20);
  let idle = false;
  const becameIdle = queue.idle().then(() => {
    idle = true;
  });
  await nextTick();
  expect(idle).toBe(false);
  frames[0]?.fail(new Error('the disk failed'));
  await becameIdle;
  expect(queue.pendingBytes).toBe(0);
  expect(await Promise.allSettled(commits)).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
});

test('commits gather while a barrier runs, and share the next frame', async () => {
  const gate = Promise.withResolvers<void>();
  const barrier = queue.barrier(() => gate.promise);
  const commits = [enqueue(1)];
  await nextTick();
  // It came in the same tick, so it went first.
  frames[0]?.succeed();
  await nextTick();
  commits.push(enqueue(2), enqueue(3));
  await nextTick();
  expect(frames).toHaveLength(1);
  gate.resolve();
  await barrier;
  await nextTick();
  expect(frames[1]?.sequences).toEqual([2, 3]);
  frames[1]?.succeed();
  await Promise.all(commits);
  expect(applied).toEqual([1, 2, 3]);
});

test('a barrier runs when nothing is waiting, and one at a time', async () => {
  const order: string[] = [];
  const run = (name: string) => async () => {
    order.push(`${name} begins`);
    await nextTick();
    order.push(`${name} ends`);
    return name;
  };
  expect(await Promise.all([queue.barrier(run('a')), queue.barrier(run('b'))])).toEqual(['a', 'b']);
  expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
  await queue.idle();
});

test('a barrier that fails tells its caller, and the queue goes on', async () => {
  const failing = queue.barrier(() => Promise.reject(new Error('no')));
  await expect(failing).rejects.toThrow('no');
  const commit = enqueue(1);
  await nextTick();
  frames[0]?.succeed();
  await commit;
  expect(failures).toEqual([]);
});

test('a barrier runs behind a frame that could not be written', async () => {
  const commit = enqueue(1);
  const barrier = queue.barrier(async () => [...applied]);
  await nextTick();
  frames[0]?.fail(new Error('disk'));
  await expect(commit).rejects.toThrow('disk');
  expect(await barrier).toEqual([]);
  expect(failures).toHaveLength(1);
});

test('commits that are more than one frame holds are written in several, and a barrier waits for all of them', async () => {
  // Never written to, so that the system need not have as much memory.
  const bytes = Buffer.alloc(2 ** 30);
  const commits = [1, 2, 3].map((sequence) =>
    queue.enqueue({ sequence, bytes, linkBytes: Buffer.alloc(0), recordCount: 0 }, () => apply(sequence)),
  );
  const barrier = queue.barrier(async () => [...applied]);
  for (const number of [1, 2, 3]) {
    await nextTick();
    expect(frames.map(({ sequences }) => sequences).at(-1)).toEqual([number]);
    frames[number - 1]?.succeed();
  }
  expect(await barrier).toEqual([1, 2, 3]);
  await Promise.all(commits);
});
