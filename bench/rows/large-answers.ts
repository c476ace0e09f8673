import { join } from 'node:path';
import { type Bench, startYaradb } from '../bench.ts';
import { eventLoopMeterEnvironment, meterEventLoop } from '../event-loop-meter.ts';
import { type Figure, plainFigure, type Target } from '../figure.ts';
import { askForLargeAnswer, fillForLargeAnswers, largeAnswers } from '../large-answers.ts';

/** How long the event loop is away at most while the largest answers over GraphQL are given, by the processor time of its turns. */
export async function runLargeAnswers(bench: Bench): Promise<Figure[]> {
  const { directory, options } = bench;
  const server = await startYaradb(join(directory, 'large-answers'), eventLoopMeterEnvironment(directory));
  const figures: Figure[] = [];
  try {
    await fillForLargeAnswers(server.url);
    for (const [name, asked] of Object.entries(largeAnswers)) {
      const longest: number[] = [];
      for (let round = 0; round < options.rounds; round += 1) {
        const { busiest } = await meterEventLoop(server, directory, async () => {
          await askForLargeAnswer(server.url, asked);
        });
        longest.push(busiest);
      }
      const what = `longest turn of the event loop while a large answer is given over GraphQL, garbage collection apart: ${name}`;
      figures.push(plainFigure({ what, unit: 'ms', target: most }, longest));
    }
    return figures;
  } finally {
    await server.stop();
  }
}

const most: Target = { of: 'ours', sign: '≤', value: 10 };
