import type { SeededRandom } from '../fault/seeded-random.ts';
import { awkwardTexts } from './json-grammar.ts';

/** Few, so that requests meet on the same documents, tables and indexes. */
const ids = Array.from({ length: 16 }, (_, index) => `0190a000-0000-7000-8000-${index.toString(16).padStart(12, '0')}`);
const tables = ['default', 'people', 'accounts', 'notes', '__proto__', 'a/b c'];
const paths = [
  'city',
  'level',
  'tags',
  'a.b',
  'tags.0',
  'email',
  '$createdAt',
  '$version',
  '$name',
  '$id',
  '__proto__',
  'a\\.b',
];
const patterns = ['^a', '(?i)k', '(a+)+$', '[', 'a{1000}', '^(([a-z])+.)+[A-Z]([a-z])+$', '\\p{L}', ''];

export function randomId(random: SeededRandom): string {
  return random.chance(0.96) ? random.pick(ids) : random.pick(awkwardTexts);
}

export function randomTable(random: SeededRandom): string {
  return random.chance(0.95) ? random.pick(tables) : random.pick(awkwardTexts);
}

export function randomPath(random: SeededRandom): string {
  return random.chance(0.92) ? random.pick(paths) : random.pick(awkwardTexts);
}

export function randomPattern(random: SeededRandom): string {
  return random.pick(patterns);
}

export function randomVersion(random: SeededRandom): string {
  return random.chance(0.9)
    ? String(1 + random.below(3))
    : random.pick(['0', '-1', '1.5', '2147483648', 'null', '"1"', '1e9']);
}
