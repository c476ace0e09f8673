// `node bench/programs/large-answers.ts`: how long the event loop of a server is away while it gives the largest answers that the limits allow over
// GraphQL. Prints its figures as JSON, in milliseconds: of each round the most processor time of a turn without the collector of garbage, what that took
// of one at most, the longest delay by the clock, and what the request took.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { eventLoopMeterEnvironment, meterEventLoop } from '../event-loop-meter.ts';
import { askForLargeAnswer, fillForLargeAnswers, largeAnswers } from '../large-answers.ts';
import { ServerProcess } from '../server-process.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, only: { type: 'string', default: '' } },
});
const rounds = Number(values.rounds);
const directory = await mkdtemp(join(tmpdir(), 'yaradb-large-answers-'));
const server = await ServerProcess.start(
  'src/cli/main.ts',
  ['serve', '--port', '0', '--data-dir', join(directory, 'data')],
  eventLoopMeterEnvironment(directory),
);

const figures: Record<string, string[]> = {};
try {
  await fillForLargeAnswers(server.url);
  for (const [name, asked] of Object.entries(largeAnswers)) {
    if (!name.includes(values.only)) continue;
    figures[name] = [];
    for (let round = 0; round < rounds; round += 1) {
      let took = 0;
      let length = 0;
      const delay = await meterEventLoop(server, directory, async () => {
        const startedAt = performance.now();
        length = await askForLargeAnswer(server.url, asked);
        took = performance.now() - startedAt;
      });
      const [busiest, collecting, longest] = [delay.busiest, delay.collecting, delay.longest].map((ms) =>
        ms.toFixed(1),
      );
      figures[name].push(
        `${busiest} + ${collecting}, ${longest} of ${took.toFixed(0)}, ${(length / 1e6).toFixed(1)} MB`,
      );
    }
    process.stderr.write(`${name}: ${figures[name].join(' | ')}\n`);
  }
} finally {
  await server.stop();
  await rm(directory, { recursive: true, force: true });
}
process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
