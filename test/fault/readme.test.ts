import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8');
const rows = [...readme.matchAll(/^\| .*\| `([^`|]+\.ts)`: ([^|]+) \|$/gm)];

test('every test that the table of cases names is there', () => {
  expect(rows.length).toBeGreaterThan(15);
  for (const [, file = '', name = ''] of rows) {
    expect(readFileSync(new URL(file, import.meta.url), 'utf8'), `${file}: ${name}`).toContain(name);
  }
});
