import { expect, test } from 'vitest';
import { RecentVersions } from '../../src/embedded/recent-versions.ts';
import { makeDocument } from '../query/make-document.ts';

const version = (id: string, number: number) => makeDocument({ n: number }, { id, version: number });

test('the versions that were superseded last are kept, as many as fit', () => {
  const recent = new RecentVersions(300);
  for (const number of [1, 2, 3]) recent.supersede(version('a', number), 100);
  expect(recent.get('a', 1)?.body).toEqual({ n: 1 });
  recent.supersede(version('b', 1), 150);
  expect([1, 2, 3].map((number) => recent.get('a', number)?.version)).toEqual([undefined, undefined, 3]);
  expect([recent.get('b', 1)?.version, recent.bytes]).toEqual([1, 250]);
});

test('one that is too large for itself drives out no other', () => {
  const recent = new RecentVersions(300);
  recent.supersede(version('a', 1), 100);
  recent.supersede(version('b', 1), 301);
  expect([recent.get('a', 1)?.version, recent.get('b', 1), recent.bytes]).toEqual([1, undefined, 100]);
});

test('of one that is too large the versions before it are forgotten with it', () => {
  const recent = new RecentVersions(300);
  recent.supersede(version('a', 1), 100);
  recent.supersede(version('a', 2), 301);
  expect([recent.get('a', 1), recent.get('a', 2), recent.bytes]).toEqual([undefined, undefined, 0]);
});

test('they make room in their order, however many come, and again after all are gone', () => {
  const recent = new RecentVersions(300);
  for (let number = 1; number <= 1_000; number += 1) recent.supersede(version('a', number), 100);
  expect([997, 998, 1_000].map((number) => recent.get('a', number)?.version)).toEqual([undefined, 998, 1_000]);
  recent.supersede(version('b', 1), 300);
  recent.supersede(version('b', 2), 300);
  expect([recent.get('b', 1), recent.get('b', 2)?.version, recent.bytes]).toEqual([undefined, 2, 300]);
});

test('of what is erased nothing is kept', () => {
  const recent = new RecentVersions(1_000);
  for (const number of [1, 2, 3]) recent.supersede(version('a', number), 100);
  recent.supersede(version('b', 1), 100);
  recent.erase(version('a', 4));
  expect([1, 2, 3].map((number) => recent.get('a', number))).toEqual([undefined, undefined, undefined]);
  expect([recent.get('b', 1)?.version, recent.bytes]).toEqual([1, 100]);
});
