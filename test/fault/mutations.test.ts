import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { mutations } from './mutations.ts';

// Here, and not only in the proof itself, which takes minutes: whoever changes the code sees that the proof must change too.
test('what the proof of the suite removes is in the code, once', () => {
  for (const { removed, file, text } of mutations) {
    const source = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
    expect(source.split(text).length - 1, `'${removed}', in ${file}`).toBe(1);
  }
});
