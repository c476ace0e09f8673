import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startServer } from '../process/server-process.ts';
import { History } from './history/history.ts';
import { checkHistory } from './history/history-checker.ts';
import { HistoryClient, readAfterwards } from './history/history-client.ts';
import { replayOf } from './replay.ts';
import { SeededRandom } from './seeded-random.ts';

const crashes = 25;
const clientCount = 12;
const documents = 10;

test('concurrent clients with optimistic concurrency through SIGKILL crashes: every document is linearizable', {
  timeout: 300_000,
}, async () => {
  const { seed } = replayOf('history', 1);
  const random = new SeededRandom(seed);
  const directory = mkdtempSync(join(tmpdir(), 'yaradb-history-'));
  const history = new History();
  const clients = Array.from(
    { length: clientCount },
    (_, index) =>
      new HistoryClient({
        name: `c${index}`,
        history,
        random: new SeededRandom(seed + index + 1),
        documents,
        textMax: 2000,
      }),
  );
  try {
    for (let crash = 0; crash < crashes; crash += 1) {
      const { server, url } = await startServer(directory, ['--segment-bytes-max', '64KiB', '--log-level', 'error']);
      await using _ = server;
      const eventsUntilKill = history.events.length + 100 + random.below(400);
      const working = Promise.all(clients.map((client) => client.work(url)));
      // By events and not by time, so that a slow machine tries as much as a fast one; then a while that nothing decides.
      while (history.events.length < eventsUntilKill) {
        const stopped = await Promise.race([delay(2, false), working.then(() => true)]);
        expect(stopped, 'the server stopped by itself').toBe(false);
      }
      await delay(random.below(5));
      server.kill('SIGKILL');
      await working;
    }
    await readAfterwards(directory, documents, history);
  } finally {
    rmSync(directory, { recursive: true });
  }
  expect(checkHistory(history.events)).toEqual([]);
  const [written, conflicts, unknown] = [history.count('written'), history.count('conflict'), history.count('unknown')];
  process.stdout.write(`history: ${written} written, ${conflicts} conflicts, ${unknown} unknown, ${crashes} crashes\n`);
  expect(Math.min(written, conflicts, unknown)).toBeGreaterThan(crashes);
});
