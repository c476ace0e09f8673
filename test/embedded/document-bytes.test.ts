import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const program = fileURLToPath(new URL('heap-of-documents.mjs', import.meta.url));

test('documents are counted as what they take in the heap, about, whatever their shape', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program]);
  const shapes = Object.entries(JSON.parse(stdout) as Record<string, { heap: number; counted: number }>);
  expect(shapes.length).toBeGreaterThan(10);
  for (const [shape, { heap, counted }] of shapes) {
    const ratio = counted / heap;
    expect(ratio, `${shape}: ${counted} counted, ${heap} in the heap`).toBeGreaterThan(0.85);
    expect(ratio, `${shape}: ${counted} counted, ${heap} in the heap`).toBeLessThan(1.25);
  }
});
