/** Which seeds to try. `FAULT_SEED` and `FAULT_RUNS` replay what a failed test printed. */
export interface Replay {
  readonly seed: number;
  readonly runs: number;
}

/**
 * The first seed and how many follow it. A seed that is not given is drawn from the clock, so that every run tries others, and
 * printed, so that any run can be had again.
 */
export function replayOf(test: string, defaultRuns: number): Replay {
  const seed = numberFrom('FAULT_SEED') ?? Date.now() % 2 ** 31;
  const runs = numberFrom('FAULT_RUNS') ?? defaultRuns;
  process.stdout.write(`${test}: FAULT_SEED=${seed} FAULT_RUNS=${runs}\n`);
  return { seed, runs };
}

/** The error of one seed, saying how to see it again. */
export function failureOfSeed(test: string, seed: number, error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error);
  const command = `FAULT_SEED=${seed} FAULT_RUNS=1 npm run test:fault -- ${test}`;
  return new Error(`${message}\nReplay: ${command}`, { cause: error });
}

function numberFrom(variable: string): number | undefined {
  const given = process.env[variable];
  if (given === undefined || given === '') return undefined;
  const value = Number(given);
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${variable} is '${given}', expected a number`);
  return value;
}
