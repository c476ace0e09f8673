import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';

const sources = join(import.meta.dirname, '../../src');

/** What a file names in imports that are loaded with it: neither types nor what is imported when it is needed. */
function loadedWith(path: string): readonly string[] {
  const statements = /^import (?!type\b)[^;'"]*?from '([^']+)'/gm;
  const text = readFileSync(join(sources, path), 'utf8');
  return Array.from(text.matchAll(statements), (match) => match[1] ?? '');
}

/** Every file of ours that is loaded with one, itself included, and every package. */
function closureOf(path: string, found = new Set<string>()): ReadonlySet<string> {
  if (found.has(path)) return found;
  found.add(path);
  for (const imported of loadedWith(path)) {
    if (imported.startsWith('.')) closureOf(join(dirname(path), imported), found);
    else if (!imported.startsWith('node:')) found.add(imported);
  }
  return found;
}

describe('entrance of the command line', () => {
  test('nothing of ours is loaded before compiled code is looked for', () => {
    expect([...closureOf('cli/main.ts')]).toEqual(['cli/main.ts', 'cli/compile-cache.ts']);
  });

  // This part is loaded twice, when the process replaces itself to have a larger heap.
  test('what parses the command line loads neither packages nor the parts of the server', () => {
    const loaded = [...closureOf('cli/command-line.ts')];
    expect(loaded).toContain('config.ts');
    expect(loaded.filter((path) => !path.endsWith('.ts'))).toEqual([]);
    expect(
      loaded.filter((path) => /^(?:app|server-access|access|graphql|http|rest|embedded\/log)\b/.test(path)),
    ).toEqual([]);
  });
});
