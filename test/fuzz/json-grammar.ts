import type { SeededRandom } from '../fault/seeded-random.ts';

/** Names and texts that have meant something else to somebody: prototypes, paths, operators, ends of strings, files. */
export const awkwardTexts: readonly string[] = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '',
  ' ',
  'a.b',
  'a..b',
  '0',
  '$id',
  '$gt',
  '$where',
  '\\',
  '"',
  '\u0000',
  '\ufeff',
  '\u2028',
  '\u202e',
  'é',
  '😀',
  '../../etc/passwd',
  '%00',
  '%2e%2e%2f',
  '/',
  '#',
  '?',
  "'; DROP TABLE documents; --",
  '(a+)+$',
  '^(([a-z])+.)+[A-Z]([a-z])+$',
  'x'.repeat(300),
];

const plainTexts: readonly string[] = [
  'a',
  'b',
  'city',
  'Kyiv',
  'level',
  'tags',
  'name',
  'email',
  'ann@example.com',
  '🐘',
];

const plainNumbers: readonly string[] = ['0', '1', '-1', '2', '5', '10', '0.5', '-3.25', '1e3', '9007199254740991'];

/** Exact, but more than most parsers can keep. */
const largeNumbers: readonly string[] = [
  '9007199254740993',
  '-9007199254740993',
  '1e308',
  '5e-324',
  '123456789012345678901234567890',
];

/** What is no JSON, or no value that can be kept. */
const wrongLiterals: readonly string[] = [
  '1e999',
  '-1e999',
  '01',
  '-',
  'NaN',
  'undefined',
  '"\\ud800"',
  '"\\udc00x"',
  '"\\u12"',
  '"\t"',
  "'a'",
  '{"a":1,"a":2}',
  '[1,]',
  '{,}',
  '-0',
  '',
];

/** A key or a text. */
export function randomText(random: SeededRandom): string {
  return random.chance(0.8) ? random.pick(plainTexts) : random.pick(awkwardTexts);
}

/** The text of a JSON value that is kept exactly as it is. */
export function exactJson(random: SeededRandom, depth = 3): string {
  const kind = random.below(depth > 0 ? 8 : 5);
  if (kind === 0) return random.pick(['null', 'true', 'false']);
  if (kind <= 2) return random.chance(0.9) ? random.pick(plainNumbers) : random.pick(largeNumbers);
  if (kind <= 4) return JSON.stringify(randomText(random));
  if (kind === 5) return `[${repeated(random, 4, () => exactJson(random, depth - 1)).join(',')}]`;
  return exactObject(random, depth);
}

/** The text of such a value that is an object: no key comes twice. */
export function exactObject(random: SeededRandom, depth = 3): string {
  const keys = new Set(repeated(random, 5, () => randomText(random)));
  return `{${Array.from(keys, (key) => `${JSON.stringify(key)}:${exactJson(random, depth - 1)}`).join(',')}}`;
}

/** The text of a value that is mostly right. */
export function anyJson(random: SeededRandom, depth = 2): string {
  if (random.chance(0.97)) return exactJson(random, depth);
  if (random.chance(0.7)) return random.pick(wrongLiterals);
  const levels = random.pick([50, 511, 512, 513, 3_000]);
  return random.chance(0.5)
    ? `${'['.repeat(levels)}${']'.repeat(levels)}`
    : `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
}

/** Up to `most` of what `make` makes. */
export function repeated<T>(random: SeededRandom, most: number, make: () => T): T[] {
  return Array.from({ length: random.below(most + 1) }, make);
}

/** The text of an object of these members, of which each may be missing or something else. */
export function objectOf(random: SeededRandom, members: Readonly<Record<string, string>>): string {
  const given = Object.entries(members).filter(() => random.chance(0.97));
  return `{${given.map(([key, text]) => `${JSON.stringify(key)}:${random.chance(0.02) ? anyJson(random) : text}`).join(',')}}`;
}
