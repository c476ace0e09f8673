import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Database } from '../../../src/database/database.ts';
import { stringifyJson } from '../../../src/document/json-serializer.ts';
import { openEmbeddedDatabase } from '../../../src/embedded/embedded-database.ts';
import { LaterTickDatabase } from '../../conformance/later-tick-database.ts';
import { ManualClock } from '../../fault/manual-clock.ts';
import { SeededRandom } from '../../fault/seeded-random.ts';
import type { OpenEngine } from '../../support/engine-variant.ts';
import { type GraphqlServer, startGraphqlServer } from '../graphql-server.ts';

export interface TwinAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly text: string;
}

/** Two servers on two databases with the same clock, the same chance and the same past: one executes by plans, the other by Yoga. */
export class TwinServers {
  readonly #clock: ManualClock;
  readonly #plans: GraphqlServer;
  readonly #yoga: GraphqlServer;
  #asked = 0;

  private constructor(clock: ManualClock, plans: GraphqlServer, yoga: GraphqlServer) {
    this.#clock = clock;
    this.#plans = plans;
    this.#yoga = yoga;
  }

  static async start(
    wrap: (database: Database) => Database = (database) => database,
    { isLate = false } = {},
  ): Promise<TwinServers> {
    const clock = new ManualClock();
    const engine = () => openEngine(clock, isLate);
    const now = () => clock.now();
    return new TwinServers(
      clock,
      await startGraphqlServer(engine, { wrap, graphql: { now } }),
      await startGraphqlServer(engine, { wrap, graphql: { now, execution: 'yoga' } }),
    );
  }

  /** Sends a body to both, and expects one answer. @returns it */
  async ask(body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<TwinAnswer> {
    this.#asked += 1;
    await this.#clock.advance(1);
    const text = typeof body === 'string' ? body : stringifyJson(body);
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-request-id': `request-${this.#asked}`, ...headers },
      body: text,
    };
    const answers = await Promise.all(
      [this.#plans, this.#yoga].map(async ({ endpoint }) => readAnswer(await fetch(endpoint, init))),
    );
    const [byPlans, byYoga] = answers;
    if (byPlans === undefined) throw new TypeError('there is no answer');
    expect(byPlans, text).toEqual(byYoga);
    return byPlans;
  }

  async close(): Promise<void> {
    await this.#plans.close();
    await this.#yoga.close();
  }
}

async function readAnswer(response: Response): Promise<TwinAnswer> {
  const headers = [...response.headers].filter(([name]) => name !== 'date');
  return { status: response.status, headers, text: await response.text() };
}

async function openEngine(clock: ManualClock, isLate: boolean): Promise<OpenEngine> {
  const directory = await mkdtemp(join(tmpdir(), 'yaradb-twin-'));
  const heapMeter = { usedBytes: () => 0, onCollection: () => () => undefined };
  const embedded = await openEmbeddedDatabase({ directory, clock, random: new SeededRandom(1), heapMeter });
  return {
    database: isLate ? new LaterTickDatabase(embedded) : embedded,
    dispose: async () => {
      await embedded.close();
      await rm(directory, { recursive: true });
    },
  };
}
