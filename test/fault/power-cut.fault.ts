import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer } from '../process/server-process.ts';
import { History } from './history/history.ts';
import { checkHistory } from './history/history-checker.ts';
import { HistoryClient, readAfterwards } from './history/history-client.ts';
import { LoopDisk, powerCutProblem } from './machine/loop-disk.ts';
import { MountNamespace } from './machine/mount-namespace.ts';
import { replayOf } from './replay.ts';
import { SeededRandom } from './seeded-random.ts';

const cuts = 20;
const clientCount = 6;
const documents = 8;

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'yaradb-power-'));
  mkdirSync(join(scratch, 'mount'));
});
afterAll(() => rmSync(scratch, { recursive: true }));

test('power cut of an ext4 of its own, under load: what was acknowledged or read is there, the rest all or nothing', {
  timeout: 600_000,
}, async (context) => {
  const mount = join(scratch, 'mount');
  const problem = await powerCutProblem(join(scratch, 'probe'), mount);
  if (problem !== null) process.stdout.write(`power cut: skipped, ${problem}\n`);
  context.skip(problem !== null, problem ?? '');
  const { seed } = replayOf('power-cut', 1);
  const random = new SeededRandom(seed);
  const history = new History();
  const clients = Array.from({ length: clientCount }, (_, index) => {
    const name = `c${index}`;
    return new HistoryClient({ name, history, random: new SeededRandom(seed + index + 1), documents, textMax: 3000 });
  });
  const namespace = await MountNamespace.open();
  try {
    const disk = new LoopDisk(namespace, join(scratch, 'disk'), mount);
    const data = join(mount, 'yaradb', 'data');
    const flags = ['--segment-bytes-max', '64KiB', '--log-level', 'silent'];
    for (let cut = 0; cut < cuts; cut += 1) {
      const { server, url } = await startServer(data, flags, {}, namespace.wrapper);
      await using _ = server;
      const eventsUntilCut = history.events.length + random.below(200);
      const working = Promise.all(clients.map((client) => client.work(url)));
      while (history.events.length < eventsUntilCut) {
        const stopped = await Promise.race([delay(1, false), working.then(() => true)]);
        expect(stopped, 'the server stopped by itself').toBe(false);
      }
      await delay(random.below(10));
      history.powerless = true;
      disk.cutPower();
      server.kill('SIGKILL');
      await server.ended;
      await working;
      history.powerless = false;
      disk.unmount();
      disk.mount();
    }
    const { server } = await startServer(data, flags, {}, namespace.wrapper);
    await using _ = server;
    server.kill('SIGTERM');
    expect((await server.ended).code).toBe(0);
    await readAfterwards(namespace.path(data), documents, history);
    disk.unmount();
    disk.check();
  } finally {
    await namespace.close();
  }
  expect(checkHistory(history.events)).toEqual([]);
  const [written, unknown] = [history.count('written'), history.count('unknown')];
  process.stdout.write(`power cut: ${written} written, ${unknown} unknown, ${cuts} cuts\n`);
  expect(Math.min(written, unknown)).toBeGreaterThan(cuts);
});
