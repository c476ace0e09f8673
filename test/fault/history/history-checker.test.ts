import { expect, test } from 'vitest';
import type { DocumentState, HistoryEvent, Outcome } from './history.ts';
import { checkHistory } from './history-checker.ts';

const state = (version: number, marker: string): DocumentState => ({ version, marker, archived: false });
const one = state(1, 'a');
const two = state(2, 'b');

function event(
  [invoked, completed]: readonly [number, number],
  intended: DocumentState | null,
  outcome: Outcome,
): HistoryEvent {
  return { document: 'd', intended, invoked, completed, outcome };
}

function read(times: readonly [number, number], seen: DocumentState | null): HistoryEvent {
  return event(times, null, { kind: 'read', state: seen });
}

function wrote(times: readonly [number, number], written: DocumentState, sequence = written.version): HistoryEvent {
  return event(times, written, { kind: 'written', state: written, sequence });
}

const lost = (invoked: number, intended: DocumentState) => event([invoked, 100], intended, { kind: 'unknown' });

test.each<[string, HistoryEvent[]]>([
  ['writes and reads in turn', [read([1, 2], null), wrote([3, 4], one), read([5, 6], one), wrote([7, 8], two)]],
  ['a read under a write that sees it, or not', [wrote([1, 9], one), read([2, 3], null), read([4, 5], one)]],
  ['a write without an answer that happened', [wrote([1, 2], one), lost(3, two), read([4, 5], two)]],
  ['a write without an answer that never happened', [wrote([1, 2], one), lost(3, two), read([4, 5], one)]],
  [
    'two writes without an answer of one version',
    [wrote([1, 2], one), lost(3, two), lost(4, state(2, 'c')), read([5, 6], two)],
  ],
  [
    'a version that was only told of in a conflict',
    [wrote([1, 2], one), lost(3, two), event([4, 5], state(2, 'c'), { kind: 'conflict', version: 2 })],
  ],
])('%s can be', (_, events) => {
  expect(checkHistory(events)).toEqual([]);
});

test.each<[string, HistoryEvent[]]>([
  ['an acknowledged write that is gone', [wrote([1, 2], one), wrote([3, 4], two), read([5, 6], one)]],
  ['a document that was acknowledged and is gone', [wrote([1, 2], one), read([3, 4], null)]],
  ['a version that was read and is gone', [wrote([1, 2], one), lost(3, two), read([4, 5], two), read([6, 7], one)]],
  ['a version with another body', [wrote([1, 2], one), read([3, 4], state(1, 'x'))]],
  [
    'two bodies of one version',
    [wrote([1, 2], one), lost(3, two), lost(3, state(2, 'c')), read([4, 5], two), read([6, 7], state(2, 'c'))],
  ],
  ['two writes that made one version', [wrote([1, 2], one), wrote([3, 4], two, 2), wrote([5, 6], state(2, 'c'), 3)]],
  ['a refused write that is there', [wrote([1, 2], one), event([3, 4], two, { kind: 'refused' }), read([5, 6], two)]],
  ['a write that was seen before it was sent', [wrote([1, 2], one), read([3, 4], two), lost(5, two)]],
  ['a version that nobody wrote', [wrote([1, 2], one), event([3, 4], two, { kind: 'conflict', version: 7 })]],
  ['a version that was left out', [wrote([1, 2], one), lost(3, state(3, 'c')), read([4, 5], state(3, 'c'))]],
  ['another answer than the write', [event([1, 2], one, { kind: 'written', state: two, sequence: 1 })]],
  ['commits numbered against the order in time', [wrote([1, 2], one, 7), { ...wrote([3, 4], one, 6), document: 'e' }]],
])('%s cannot be', (_, events) => {
  expect(checkHistory(events)).not.toEqual([]);
});
