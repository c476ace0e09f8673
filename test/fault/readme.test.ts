import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8');
/** A row without a case goes on with the one above it. */
const rows = [...readme.matchAll(/^\|(.*)\| `([^`|]+\.ts)`: ([^|]+) \|$/gm)];

/** Everything that can happen to storage, as the specification of durability lists it. */
const cases = [
  '`kill -9` at every system call of a reference workload',
  'power cut: any subset of unsynced sectors and directory entries survives',
  'log cut at every byte offset',
  'every byte of log and snapshot flipped, or zeroed',
  'segment missing, doubled, swapped, of another database',
  'a document whose bytes are a valid frame',
  'crash during recovery, again and again',
  'crash or full disk during snapshot, rename, pruning',
  'EIO on the nth write or sync (file, directory)',
  'ENOSPC, short write',
  'a sync that stalls 30 s',
  'memory limit reached',
  'clock set back or forward by years',
  'second server on the same directory; directory read-only; on a newer format',
  'SIGTERM under load; a second SIGTERM; an uncaught exception',
  'path traversal in ids, names, archives given to restore',
];

test('the table of cases has all of them, in their order', () => {
  expect(rows.map(([, name = '']) => name.trim()).filter((name) => name !== '')).toEqual(cases);
});

test('every test that the table of cases names is there', () => {
  for (const [, , file = '', name = ''] of rows) {
    const source = readFileSync(new URL(file, import.meta.url), 'utf8');
    const titles = Array.from(source.matchAll(/(['"`])((?:(?!\1).)*)\1/g), ([, , title = '']) => title);
    expect(
      titles.some((title) => title.includes(name)),
      `${file}: ${name}`,
    ).toBe(true);
  }
});
