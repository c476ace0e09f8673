import { setImmediate as nextTick } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { FileGate } from '../../../src/embedded/history/file-gate.ts';

/** Notes what begins and what ends; what is held ends when it is released. */
class Journal {
  readonly entries: string[] = [];
  readonly #held = new Map<string, () => void>();

  run(name: string): () => Promise<void> {
    return () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.entries.push(`${name} begins`);
      this.#held.set(name, () => {
        this.entries.push(`${name} ends`);
        resolve();
      });
      return promise;
    };
  }

  async release(name: string): Promise<void> {
    this.#held.get(name)?.();
    await nextTick();
  }
}

test('one change or addition at a time, in the order in which they came', async () => {
  const gate = new FileGate();
  const journal = new Journal();
  const running = [
    gate.change(journal.run('change')),
    gate.add(journal.run('addition')),
    gate.change(journal.run('other')),
  ];
  for (const name of ['change', 'addition', 'other']) await journal.release(name);
  await Promise.all(running);
  expect(journal.entries).toEqual([
    'change begins',
    'change ends',
    'addition begins',
    'addition ends',
    'other begins',
    'other ends',
  ]);
});

test('a pin waits for the change under way, and keeps off the next one, but no addition', async () => {
  const gate = new FileGate();
  const journal = new Journal();
  const change = gate.change(journal.run('change'));
  const pinned = gate.pin();
  await nextTick();
  await journal.release('change');
  await change;
  const [release, also] = [await pinned, await gate.pin()];
  const next = gate.change(journal.run('next'));
  const addition = gate.add(journal.run('addition'));
  await journal.release('addition');
  await addition;
  release();
  release();
  await nextTick();
  expect(journal.entries).toEqual(['change begins', 'change ends', 'addition begins', 'addition ends']);
  also();
  await nextTick();
  await journal.release('next');
  await next;
  expect(journal.entries.slice(4)).toEqual(['next begins', 'next ends']);
});

test('a change that fails keeps nobody off, and one that is given up while it waits never begins', async () => {
  const gate = new FileGate();
  await expect(gate.change(() => Promise.reject(new Error('the disk failed')))).rejects.toThrow('the disk failed');
  const release = await gate.pin();
  const abort = new AbortController();
  const journal = new Journal();
  const change = gate.change(journal.run('change'), abort.signal);
  abort.abort(new Error('closing'));
  await expect(change).rejects.toThrow('closing');
  release();
  await nextTick();
  expect(journal.entries).toEqual([]);
});
