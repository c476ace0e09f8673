import { expect } from 'vitest';
import { send } from '../support/http-client.ts';
import { checkAnswer } from './answer-check.ts';
import type { FuzzRequest } from './fuzz-request.ts';
import type { HttpAnswer } from './http-answer.ts';
import { exchangeBytes, PipelinedConnection } from './pipelined-connection.ts';

/** A server, and what is asked of it. */
export interface FuzzTarget {
  /** The file of the test, to have it alone. */
  readonly file: string;
  readonly port: number;
  /** The same one for the same seed and index. */
  request(seed: number, index: number): FuzzRequest;
  /** What has to hold of an answer besides that it is one that is documented. @throws {Error} when it does not. */
  check?(answer: HttpAnswer, request: FuzzRequest): void;
  /** Now and then, beside the requests. @throws {Error} when something is wrong. */
  probe?(seed: number, index: number): Promise<void>;
  /** Leaves little, so that a list of all there is stays short. @throws {Error} when it cannot. */
  sweep(): Promise<void>;
}

export interface FuzzSettings {
  readonly seed: number;
  /** The index of the first request. */
  readonly first: number;
  readonly requests: number;
}

const connections = 6;
const pipelinedMax = 4;
/** After so many requests everything is dropped, so that a list of all there is stays short. */
const requestsPerRound = 4_000;
const failuresMax = 5;

/**
 * `FUZZ_SEED`, `FUZZ_REQUESTS` and `FUZZ_FIRST` replay a run, or a part of it. They are printed.
 * @param share how much of all requests is of this run.
 */
export function readFuzzSettings(share: number): FuzzSettings {
  const seed = numberFrom('FUZZ_SEED') ?? Date.now() % 2 ** 31;
  const first = numberFrom('FUZZ_FIRST') ?? 0;
  const requests = numberFrom('FUZZ_REQUESTS') ?? 200_000 * share;
  process.stdout.write(`FUZZ_SEED=${seed} FUZZ_REQUESTS=${requests}${first === 0 ? '' : ` FUZZ_FIRST=${first}`}\n`);
  return { seed, first, requests };
}

/** Sends the requests of a seed on several connections, and holds every answer against what is documented. */
export class FuzzRun {
  readonly failures: string[] = [];
  readonly #target: FuzzTarget;
  readonly #settings: FuzzSettings;
  readonly #statuses = new Map<number, number>();
  readonly #codes = new Map<string, number>();
  #next: number;
  #answers = 0;
  readonly #startedAt = Date.now();

  constructor(target: FuzzTarget, settings: FuzzSettings) {
    this.#target = target;
    this.#settings = settings;
    this.#next = settings.first;
  }

  async finished(): Promise<void> {
    const { first, requests } = this.#settings;
    // The page of GraphiQL is read, 9 MB of it, when the first browser asks for it, which takes some 80 ms once.
    await send(`http://127.0.0.1:${this.#target.port}/graphql`, { headers: { accept: 'text/html' } });
    for (let begin = first; begin < first + requests && !this.#hasFailed(); begin += requestsPerRound) {
      const end = Math.min(begin + requestsPerRound, first + requests);
      await Promise.all(Array.from({ length: connections }, () => this.#client(end)));
      await this.#do('The sweep', this.#target.sweep());
    }
  }

  summary(): string {
    const { requests } = this.#settings;
    const statuses = [...this.#statuses].sort(([a], [b]) => a - b);
    const codes = [...this.#codes].sort(([, a], [, b]) => b - a);
    const counts = [...statuses, ...codes].map(([what, count]) => `${what}: ${count}`).join(', ');
    const seconds = (Date.now() - this.#startedAt) / 1000;
    return `${requests} requests, ${this.#answers} answers in ${Math.round(seconds)} s (${counts})`;
  }

  /** A grammar of which everything is refused at the door finds nothing. */
  expectVariety(statuses: readonly number[], leastOf200: number): void {
    const { requests } = this.#settings;
    if (requests < 20_000) return;
    expect(this.#answers).toBeGreaterThan(requests * 0.9);
    expect(this.#statuses.get(200)).toBeGreaterThan(requests * leastOf200);
    expect([...this.#statuses.keys()]).toEqual(expect.arrayContaining([...statuses]));
  }

  #hasFailed(): boolean {
    return this.failures.length >= failuresMax;
  }

  async #client(end: number): Promise<void> {
    const connection = new PipelinedConnection(this.#target.port);
    while (this.#next < end && !this.#hasFailed()) {
      const batch: FuzzRequest[] = [];
      while (this.#next < end && batch.length <= this.#next % pipelinedMax) {
        const request = this.#target.request(this.#settings.seed, this.#next);
        this.#next += 1;
        if (request.isHttp) batch.push(request);
        else await this.#judge([request], exchangeBytes(this.#target.port, request));
      }
      if (batch.length > 0) await this.#exchange(connection, batch);
      if (this.#next % 50 === 0 && this.#target.probe !== undefined)
        await this.#do(
          `What was done before request ${this.#next}`,
          this.#target.probe(this.#settings.seed, this.#next),
        );
    }
    connection.close();
  }

  /** What the server did not answer, because an answer before it closed the connection, is sent again. */
  async #exchange(connection: PipelinedConnection, batch: readonly FuzzRequest[]): Promise<void> {
    for (let rest = batch; rest.length > 0; ) {
      const count = await this.#judge(rest, connection.exchange(rest));
      if (count === undefined) return connection.close();
      rest = rest.slice(count);
    }
  }

  /** @returns how many answers there are; undefined when something was wrong. */
  async #judge(
    requests: readonly FuzzRequest[],
    exchange: Promise<readonly HttpAnswer[]>,
  ): Promise<number | undefined> {
    let answers: readonly HttpAnswer[];
    try {
      answers = await exchange;
    } catch (error) {
      this.#fail(requests, String(error));
      return undefined;
    }
    for (const [index, answer] of answers.entries()) {
      const request = requests[index] ?? requests[0];
      if (request === undefined) continue;
      this.#answers += 1;
      this.#statuses.set(answer.status, (this.#statuses.get(answer.status) ?? 0) + 1);
      try {
        for (const code of checkAnswer(answer, request)) this.#codes.set(code, (this.#codes.get(code) ?? 0) + 1);
        this.#target.check?.(answer, request);
      } catch (error) {
        this.#fail(
          requests,
          `Request ${request.index}: ${error}\n${answer.status} ${answer.body.toString('latin1', 0, 2_000)}`,
        );
      }
    }
    return answers.length;
  }

  async #do(what: string, done: Promise<void>): Promise<void> {
    await done.catch((error: unknown) => {
      this.failures.push(`${what}: ${error}`);
    });
  }

  #fail(requests: readonly FuzzRequest[], why: string): void {
    const [request] = requests;
    const texts = requests.map(({ bytes }) => bytes.toString('latin1', 0, 3_000));
    const { seed } = this.#settings;
    const replay = `FUZZ_SEED=${seed} FUZZ_FIRST=${request?.index} FUZZ_REQUESTS=${requests.length} npm run test:fuzz -- ${this.#target.file}`;
    this.failures.push(`${why}\n${texts.join('\n---\n')}\n${replay}`);
  }
}

function numberFrom(variable: string): number | undefined {
  const given = process.env[variable];
  if (given === undefined || given === '') return undefined;
  const value = Number(given);
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${variable} is '${given}', expected a number`);
  return value;
}
