import { expect, test } from 'vitest';
import { type PruningSituation, planPruning } from '../../../src/embedded/history/pruning-plan.ts';
import type { SnapshotName, SnapshotRole } from '../../../src/embedded/snapshot/snapshot-files.ts';

function snapshot(sequence: number, role: SnapshotRole = 'snapshot'): SnapshotName {
  return { name: `${sequence}.${role}`, role, sequence };
}

/** Ten segments of 100 bytes and ten commits each, the last ends with 100. */
const segments = Array.from({ length: 10 }, (_, index) => ({ lastSequence: (index + 1) * 10, bytes: 100 }));

const situation: PruningSituation = {
  bytesMax: 800,
  base: undefined,
  baseBytes: 0,
  snapshots: [snapshot(90), snapshot(100)],
  segments,
  baseDamaged: false,
};

test('within the bound nothing is pruned', () => {
  expect(planPruning({ ...situation, bytesMax: 1000 })).toBeNull();
  expect(planPruning({ ...situation, bytesMax: Number.POSITIVE_INFINITY })).toBeNull();
});

test('beyond the bound the floor is raised by an eighth of it more than it must be', () => {
  expect(planPruning(situation)).toEqual({ kind: 'merge', sequence: 30 });
});

test('the larger the base that is to be written again, the further the floor is raised, by half of the bound at most', () => {
  expect(planPruning({ ...situation, baseBytes: 500 })).toEqual({ kind: 'merge', sequence: 50 });
  expect(planPruning({ ...situation, baseBytes: 1_000_000 })).toEqual({ kind: 'merge', sequence: 60 });
});

test('the floor is never raised above the older of the two newest snapshots', () => {
  const snapshots = [snapshot(10), snapshot(20)];
  expect(planPruning({ ...situation, snapshots })).toEqual({ kind: 'promote', snapshot: snapshot(10) });
  expect(planPruning({ ...situation, snapshots: [snapshot(20)] })).toBeNull();
  expect(planPruning({ ...situation, snapshots: [] })).toBeNull();
  const base = snapshot(10, 'base');
  expect(planPruning({ ...situation, base, snapshots: [base, snapshot(100)], segments: segments.slice(1) })).toBeNull();
});

test('a snapshot that stands far enough becomes the base without a merge', () => {
  const snapshots = [snapshot(10), snapshot(20), snapshot(30), snapshot(40), snapshot(50)];
  expect(planPruning({ ...situation, snapshots })).toEqual({ kind: 'promote', snapshot: snapshot(30) });
  expect(planPruning({ ...situation, snapshots: [snapshot(20), snapshot(40), snapshot(50)] })).toEqual({
    kind: 'promote',
    snapshot: snapshot(20),
  });
  expect(planPruning({ ...situation, snapshots: [snapshot(10), snapshot(40), snapshot(50)] })).toEqual({
    kind: 'merge',
    sequence: 30,
  });
});

test('from a damaged base nothing is merged: the next snapshot that is far enough takes its place', () => {
  const base = snapshot(10, 'base');
  const more = { base, baseDamaged: true, segments: segments.slice(1) };
  expect(planPruning({ ...situation, ...more, snapshots: [base, snapshot(80), snapshot(90), snapshot(100)] })).toEqual({
    kind: 'promote',
    snapshot: snapshot(80),
  });
  expect(planPruning({ ...situation, ...more, snapshots: [base, snapshot(100)] })).toBeNull();
});

test('more segments than are merged at once are merged in steps', () => {
  const many = Array.from({ length: 1000 }, (_, index) => ({ lastSequence: index + 1, bytes: 1 }));
  const plan = planPruning({ ...situation, segments: many, snapshots: [snapshot(990), snapshot(1000)] });
  expect(plan).toEqual({ kind: 'merge', sequence: 64 });
});
