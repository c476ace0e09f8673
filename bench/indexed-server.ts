import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Dataset } from './dataset.ts';
import type { ServerProcess } from './server-process.ts';

/** Of the dataset, all over it. */
const sampleSizeMax = 20_000;

const createIndexes = `mutation {
  username: createIndex(table: "default", path: "username", kind: HASH, archived: EXCLUDE) { state }
  balance: createIndex(table: "default", path: "balance", kind: ORDERED, archived: EXCLUDE) { state }
}`;
const indexStates = '{ table(name: "default") { indexes { state } } }';

/** Our server with the dataset, a hash index on `username` and an ordered one on `balance`. No index serves `level` and `active`. */
export class IndexedServer {
  readonly process: ServerProcess;
  /** Of documents, in any order. */
  readonly sample: readonly { readonly id: string; readonly username: string }[];

  private constructor(process: ServerProcess, sample: IndexedServer['sample']) {
    this.process = process;
    this.sample = sample;
  }

  static async of(process: ServerProcess, dataset: Dataset): Promise<IndexedServer> {
    const server = new IndexedServer(process, await sampleOf(dataset));
    await server.ask(createIndexes);
    for (;;) {
      const { data } = await server.ask(indexStates);
      if (data.table.indexes.every(({ state }: { readonly state: string }) => state === 'READY')) return server;
      await sleep(100);
    }
  }

  /** @returns the whole answer. @throws {Error} when there are errors in it. */
  async ask(query: string, variables: Readonly<Record<string, unknown>> = {}) {
    const response = await fetch(`${this.process.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    });
    const answer = await response.json();
    if (answer.errors !== undefined) throw new Error(JSON.stringify(answer.errors));
    return answer;
  }
}

async function sampleOf({ lines, documents }: Dataset): Promise<IndexedServer['sample']> {
  const sample: { id: string; username: string; at: number }[] = [];
  const step = Math.ceil(documents / sampleSizeMax);
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(lines) })) {
    number += 1;
    if (number % step !== 0) continue;
    const { _id: id, body } = JSON.parse(line);
    // Not in the order of creation, in which documents lie in memory.
    sample.push({ id, username: body.username, at: (number * 2_654_435_761) >>> 0 });
  }
  return sample.sort((a, b) => a.at - b.at);
}
