import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/cli/exit-code.ts';
import { startServer } from '../process/server-process.ts';
import { send } from '../support/http-client.ts';
import { History } from './history/history.ts';
import { checkHistory } from './history/history-checker.ts';
import { HistoryClient, readAfterwards } from './history/history-client.ts';
import { SeededRandom } from './seeded-random.ts';
import {
  documents,
  type SystemCall,
  systemCalls,
  type TracedLife,
  tracedLife,
  tracingProblem,
} from './system-calls/traced-server.ts';

const problem = tracingProblem();
if (problem !== null) process.stdout.write(`system calls: skipped, ${problem}\n`);
/** Servers at one time. */
const together = 2;

const scratch = mkdtempSync(join(tmpdir(), 'yaradb-system-calls-'));
const killed = join(scratch, 'killed');
const beforeKill = new History();
let lives = 0;

/** Leaves behind what a server does that was killed, a torn write and a file half made with it. */
beforeAll(async () => {
  if (problem !== null) return;
  const { server, url } = await startServer(killed, ['--segment-bytes-max', '64KiB', '--log-level', 'silent']);
  await using _ = server;
  const random = new SeededRandom(3);
  const client = new HistoryClient({ name: 'before', history: beforeKill, random, documents, textMax: 100 });
  await client.work(url, 12);
  server.kill('SIGKILL');
  await server.ended;
  const log = join(killed, 'log');
  const segments = readdirSync(log).filter((name) => name.endsWith('.log'));
  appendFileSync(join(log, segments.sort().at(-1) ?? ''), 'a write that was torn');
  writeFileSync(join(log, '00000000000000000099.log.tmp'), 'half');
});
afterAll(() => rmSync(scratch, { recursive: true }));

describe.skipIf(problem !== null).each(['a new directory', 'the directory of a server that was killed'])(
  'the real server on %s',
  { timeout: 900_000 },
  (beginning) => {
    /** One life in a directory of its own; then what it left is read into its history, and that checked. */
    async function live(inject?: string): Promise<TracedLife> {
      lives += 1;
      const directory = join(scratch, `life-${lives}`);
      const data = join(directory, 'data');
      mkdirSync(directory);
      const fresh = beginning === 'a new directory';
      if (!fresh) cpSync(killed, data, { recursive: true });
      const before = fresh ? new History() : beforeKill;
      // The one is there for the work, segments that become full included, the other for the recovery before it.
      const steps = fresh ? 18 : 8;
      const life = await tracedLife({ data, trace: join(directory, 'trace'), inject, before, steps });
      await readAfterwards(data, documents, life.history);
      expect(checkHistory(life.history.events), `${inject}: ${life.ending.stderr}`).toEqual([]);
      rmSync(directory, { recursive: true });
      return life;
    }

    /** A life for each time that each of these calls is made in an undisturbed one. */
    async function liveAtEvery(
      calls: readonly SystemCall[],
      fault: string,
      check: (life: TracedLife, inject: string) => void,
    ): Promise<number> {
      const undisturbed = await live();
      expect(undisturbed.ending).toMatchObject({ code: exitCodes.clean, signal: null });
      const injections = calls.flatMap((call) =>
        Array.from({ length: undisturbed.calls.get(call) ?? 0 }, (_, index) => `${call}:${fault}:when=${index + 1}`),
      );
      const left = [...injections];
      let unreached = 0;
      const worker = async (): Promise<void> => {
        for (let inject = left.shift(); inject !== undefined; inject = left.shift()) {
          const life = await live(inject);
          // What is done in the background may be done in fewer calls, when one comes before another: then nothing befell this life.
          if (wasReached(life, inject)) check(life, inject);
          else {
            unreached += 1;
            expect(life.ending, inject).toMatchObject({ code: exitCodes.clean, signal: null });
          }
        }
      };
      await Promise.all(Array.from({ length: together }, worker));
      const reached = injections.length - unreached;
      process.stdout.write(`system calls: ${beginning}, ${fault} at ${reached} of ${calls.join(', ')}\n`);
      return reached;
    }

    test('kill -9 at every system call of a reference workload: all acknowledged present; the rest all or nothing', async () => {
      const points = await liveAtEvery(systemCalls, 'signal=SIGKILL', ({ ending }, inject) => {
        expect(ending.signal, inject).toBe('SIGKILL');
      });
      expect(points).toBeGreaterThan(15);
    });

    test('EIO on the nth write or sync (file, directory): no acknowledgement; OUTCOME_UNKNOWN; exit; nothing acknowledged lost', async () => {
      const calls = ['pwrite64', 'fdatasync', 'fsync', 'rename', 'ftruncate'] as const;
      let unknown = 0;
      await liveAtEvery(calls, 'error=EIO', ({ ending, ready, history, faultInDerivedFile }, inject) => {
        // Nothing rests on an index: the server gives it up, says so, and makes it again.
        const code = faultInDerivedFile ? exitCodes.clean : exitCodes.diskFailed;
        expect(ending, inject).toMatchObject({ code, signal: null });
        // Before it is ready it has acknowledged nothing; under the workload, nobody is told anything but that.
        if (ready) unknown += history.count('unknown');
      });
      expect(unknown).toBeGreaterThan(2);
    });

    test('ENOSPC: 507; reads go on; writes resume when there is room', async () => {
      let refused = 0;
      await liveAtEvery(['pwrite64'], 'error=ENOSPC', ({ ending, ready, history }, inject) => {
        // Without room to begin with there is no server; later on it lives, and the fault hits one write alone.
        expect(ending.code, inject).toBe(ready ? exitCodes.clean : exitCodes.diskFailed);
        refused += history.count('refused');
      });
      expect(refused).toBeGreaterThan(0);
    });
  },
);

/** Whether the call that was to fail, or to be the last, was made. */
function wasReached({ calls }: TracedLife, inject: string): boolean {
  return systemCalls.some((call) => {
    if (!inject.startsWith(`${call}:`)) return false;
    return (calls.get(call) ?? 0) >= Number(inject.slice(inject.lastIndexOf('=') + 1));
  });
}

test.skipIf(problem !== null)(
  'a sync that stalls: reads and health go on, the queue is bounded, and it catches up',
  async () => {
    const data = join(scratch, 'stalled');
    const inject = 'inject=fdatasync:delay_enter=4000000:when=2';
    const wrapper = ['strace', '-D', '-f', '-o', join(scratch, 'trace'), '-e', 'trace=fdatasync', '-e', inject, '--'];
    const environment = { UV_THREADPOOL_SIZE: '1', NODE_DISABLE_COMPILE_CACHE: '1' };
    const { server, url } = await startServer(data, ['--pending-bytes-max', '1MiB'], environment, wrapper);
    await using _ = server;
    const create = (text: string) =>
      send(`${url}/document/create`, { method: 'POST', body: { name: 'a', body: { text } } });
    const id = String(Object(await create('first').then(({ json }) => json))._id);

    let answered = 0;
    const waiting = Array.from({ length: 3 }, () => create('x'.repeat(600_000)));
    for (const answer of waiting) void answer.then(() => (answered += 1));
    // Until the queue is full, writes wait; then they are refused at once.
    let refusal = await Promise.race([create('small'), ...waiting]);
    while (refusal.status === 200) refusal = await create('small');
    expect(refusal).toMatchObject({ status: 503, json: { code: 'OVERLOADED' } });
    expect((await send(`${url}/livez`)).status).toBe(200);
    expect((await send(`${url}/document/get/${id}`)).status).toBe(200);
    expect(answered, 'the stall was over before anything was tried').toBeLessThan(waiting.length);
    const statuses = await Promise.all(waiting).then((answers) => answers.map(({ status }) => status));
    expect(statuses).toContain(200);
    expect((await create('afterwards')).status).toBe(200);
    server.kill('SIGTERM');
    expect((await server.ended).code).toBe(0);
  },
);
