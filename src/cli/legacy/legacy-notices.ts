import type { Progress } from '../progress.ts';
import type { LegacyProblem } from './legacy-problem.ts';

/** How many are told: data in which everything is wrong must not fill the terminal. */
const toldMax = 100;

/** What there is to tell of an import of old data, one line each on standard error. */
export class LegacyNotices {
  readonly #acceptsMismatch: boolean;
  readonly #progress: Progress;
  readonly #told: string[] = [];
  /** What keeps the data from being imported. */
  problems = 0;
  /** Documents that were taken although their body does not fit the hash that was kept with it. */
  acceptedMismatches = 0;
  /** Settings and indexes. */
  leftOut = 0;

  constructor(acceptsMismatch: boolean, progress: Progress) {
    this.#acceptsMismatch = acceptsMismatch;
    this.#progress = progress;
  }

  /** The first of the lines, for programs. */
  get told(): readonly string[] {
    return this.#told;
  }

  readonly problem = (problem: LegacyProblem): void => {
    this.problems += 1;
    this.note(problemText(problem));
  };

  readonly mismatch = (problem: LegacyProblem): void => {
    if (!this.#acceptsMismatch) {
      this.problem(problem);
      return;
    }
    this.acceptedMismatches += 1;
    this.note(`${problemText(problem)}; taken, as --accept-hash-mismatch says`);
  };

  readonly leaveOut = (text: string): void => {
    this.leftOut += 1;
    this.note(text);
  };

  note(text: string): void {
    if (this.#told.length === toldMax) return;
    this.#told.push(text);
    this.#progress.clear();
    process.stderr.write(`${text}\n`);
  }
}

function problemText({ file, place, reason }: LegacyProblem): string {
  return `${file}, ${place}: ${reason}`;
}
