import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startServer } from './server-process.ts';

/** What may happen to the machine, and how often it does here. */
const crashes = [
  { name: 'SIGKILL', rounds: 5, environment: {} },
  {
    name: 'a power cut',
    rounds: 3,
    environment: { NODE_OPTIONS: `--import ${new URL('volatile-disk.mjs', import.meta.url)}` },
  },
];
const accounts = Array.from({ length: 8 }, (_, n) => `00000000-0000-4000-8000-00000000000${n}`);
const balance = 1_000;
const clientCount = 16;

interface Receipt {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly amount: number;
}

/** The `data` of a GraphQL answer; null where it failed as a whole. */
async function ask<Data>(url: string, query: string, variables?: object): Promise<Data | null> {
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const { data } = (await answer.json()) as { readonly data?: Data | null };
  return data ?? null;
}

/** Moves money between two accounts, and tells of it in a receipt; every fourth transfer is refused by its last operation. */
async function transfer(url: string, receipt: Receipt, refused: boolean): Promise<boolean> {
  const { from, to, amount } = receipt;
  const operations = [
    { patch: { id: from, change: { increment: { balance: -amount } } } },
    { create: { name: 'receipt', table: 'receipts', body: receipt } },
    { patch: { id: to, change: { increment: { balance: amount } } } },
    { assert: { id: to, exists: !refused } },
  ];
  const query = 'mutation ($operations: [Operation!]!) { transact(operations: $operations) { sequence } }';
  const data = await ask<{ readonly transact: object | null }>(url, query, { operations });
  return data?.transact != null;
}

class Client {
  readonly #name: string;
  readonly acknowledged = new Set<string>();
  readonly refused = new Set<string>();
  made = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** Until the connection breaks, which is how a killed server shows. */
  async work(url: string): Promise<void> {
    try {
      for (;;) await this.#transferOnce(url);
    } catch (error) {
      if (!(error instanceof TypeError && /fetch failed|terminated/.test(error.message))) throw error;
    }
  }

  async #transferOnce(url: string): Promise<void> {
    this.made += 1;
    const { made } = this;
    const [from = '', to = ''] = [accounts[(made * 7) % 8], accounts[(made * 5 + 3) % 8]];
    const receipt = { name: `${this.#name}.${made}`, from, to, amount: (made % 20) + 1 };
    const refused = made % 4 === 0;
    if (refused) this.refused.add(receipt.name);
    const done = await transfer(url, receipt, refused);
    expect(done).toBe(!refused);
    if (done) this.acknowledged.add(receipt.name);
  }
}

interface Books {
  readonly accounts: {
    readonly nodes: readonly { readonly id: string; readonly body: { readonly balance: number } }[];
  };
  readonly receipts: { readonly nodes: readonly { readonly body: Receipt }[]; readonly pageInfo: PageInfo };
  readonly total: readonly { readonly values: { readonly total: number } }[];
}

interface PageInfo {
  readonly hasNextPage: boolean;
  readonly endCursor: string | null;
}

async function readReceipts(url: string): Promise<readonly Receipt[]> {
  const receipts: Receipt[] = [];
  for (let after: string | null = null; ; ) {
    const query =
      'query ($after: String) { receipts: findDocuments(table: "receipts", first: 1000, after: $after) { nodes { body } pageInfo { hasNextPage endCursor } } }';
    const page: Pick<Books, 'receipts'> | null = await ask(url, query, { after });
    if (page === null) throw new Error('the receipts cannot be read');
    receipts.push(...page.receipts.nodes.map(({ body }) => body));
    if (!page.receipts.pageInfo.hasNextPage) return receipts;
    after = page.receipts.pageInfo.endCursor;
  }
}

/** @param asOf a commit; null for the newest. */
async function readTotal(url: string, asOf: number | null = null): Promise<number | undefined> {
  const query =
    'query ($asOf: AsOf) { total: aggregateDocuments(table: "accounts", asOf: $asOf, measures: [{sum: "balance", as: "total"}]) { values } }';
  const variables = { asOf: asOf === null ? null : { sequence: asOf } };
  return (await ask<Pick<Books, 'total'>>(url, query, variables))?.total[0]?.values.total;
}

/** Looks at the sum over all accounts again and again, until the connection breaks. */
async function watchTotal(url: string): Promise<number> {
  for (let looks = 0; ; looks += 1) {
    const total = await readTotal(url).catch((error: unknown) => {
      if (error instanceof TypeError) return null;
      throw error;
    });
    if (total === null) return looks;
    expect(total).toBe(accounts.length * balance);
  }
}

/** Nothing that was acknowledged is missing, nothing that was refused is there, and every balance is the sum of its receipts. */
async function audit(url: string, clients: readonly Client[]): Promise<void> {
  const receipts = await readReceipts(url);
  const names = new Set(receipts.map(({ name }) => name));
  expect(names.size).toBe(receipts.length);
  for (const { acknowledged, refused } of clients) {
    expect([...acknowledged].filter((name) => !names.has(name))).toEqual([]);
    expect([...refused].filter((name) => names.has(name))).toEqual([]);
  }
  const balances = new Map(accounts.map((id) => [id, balance]));
  for (const { from, to, amount } of receipts) {
    balances.set(from, (balances.get(from) ?? 0) - amount);
    balances.set(to, (balances.get(to) ?? 0) + amount);
  }
  const books = await ask<Books>(url, '{ accounts: findDocuments(table: "accounts") { nodes { id body } } }');
  expect(new Map(books?.accounts.nodes.map(({ id, body }) => [id, body.balance]))).toEqual(balances);
  expect(await readTotal(url)).toBe(accounts.length * balance);
  // The first commit made the accounts; from then on it is the same after each.
  const sequence = (await ask<{ status: { sequence: number } }>(url, '{ status { sequence } }'))?.status.sequence ?? 0;
  for (let asOf = 1; asOf <= sequence; asOf += Math.ceil(sequence / 40)) {
    expect([asOf, await readTotal(url, asOf)]).toEqual([asOf, accounts.length * balance]);
  }
}

test.each(crashes)(
  'transfers between accounts are whole or absent through $name, and the sum over all accounts never changes',
  { timeout: 300_000 },
  async ({ rounds, environment }) => {
    const directory = mkdtempSync(join(tmpdir(), 'yaradb-transfers-'));
    const clients = Array.from({ length: clientCount }, (_, n) => new Client(`c${n}`));
    const acknowledged = () => clients.reduce((sum, client) => sum + client.acknowledged.size, 0);
    try {
      for (let round = 0; round <= rounds; round += 1) {
        const { server, url } = await startServer(directory, ['--log-level', 'warn'], environment);
        await using _ = server;
        if (round === 0) {
          const operations = accounts.map((id) => ({
            create: { id, name: 'a', table: 'accounts', body: { balance } },
          }));
          await ask(url, 'mutation ($o: [Operation!]!) { transact(operations: $o) { sequence } }', { o: operations });
        }
        await audit(url, clients);
        if (round === rounds) break;
        const until = acknowledged() + 200;
        const working = Promise.all(clients.map((client) => client.work(url)));
        const watching = watchTotal(url);
        while (acknowledged() < until) {
          const stopped = await Promise.race([delay(5, false), working.then(() => true)]);
          expect(stopped, 'the server stopped by itself').toBe(false);
        }
        server.kill('SIGKILL');
        expect((await server.ended).signal).toBe('SIGKILL');
        await working;
        expect(await watching).toBeGreaterThan(0);
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
);
