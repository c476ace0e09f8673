import { once } from 'node:events';
import { expect, test } from 'vitest';
import { EventStream } from '../../src/streaming/event-stream.ts';

/** A source whose pieces come when the test says so. */
function manualSource() {
  const asked: ((text: string | null) => void)[] = [];
  let closed = false;
  return {
    asked,
    get closed() {
      return closed;
    },
    next: () => new Promise<string | null>((resolve) => asked.push(resolve)),
    close: () => {
      closed = true;
    },
  };
}

test('a source is asked for one piece at a time, also when the stream was kept alive meanwhile', async () => {
  const source = manualSource();
  const stream = new EventStream(source, { keepAliveText: '.', keepAliveMs: 1 });
  let read = '';
  stream.on('data', (text: string) => {
    read += text;
  });
  while (read.length < 5) await once(stream, 'data');
  expect(source.asked.length).toBe(1);
  source.asked[0]?.('a');
  while (!read.includes('a')) await once(stream, 'data');
  while (source.asked.length < 2) await once(stream, 'data');
  source.asked[1]?.(null);
  await once(stream, 'end');
  expect(source.asked.length).toBe(2);
});

test('a source is asked for no more than its reader takes', async () => {
  let pieces = 0;
  const source = { next: async () => `${'x'.repeat(10_000)}${pieces++}`, close: () => {} };
  const stream = new EventStream(source, { keepAliveText: '.', keepAliveMs: 1 });
  await once(stream, 'readable');
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(pieces).toBeLessThan(4);
  stream.destroy();
});

test('a source is closed with its stream, and its failure is that of the stream', async () => {
  const source = manualSource();
  const stream = new EventStream(source, { keepAliveText: '.', keepAliveMs: 1_000 });
  stream.destroy();
  await once(stream, 'close');
  expect(source.closed).toBe(true);
  const failing = new EventStream(
    { next: () => Promise.reject(new Error('torn')), close: () => {} },
    { keepAliveText: '.', keepAliveMs: 1_000 },
  );
  failing.resume();
  const [error] = await once(failing, 'error');
  expect(error.message).toBe('torn');
});
