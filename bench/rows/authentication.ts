import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bench, startYaradb } from '../bench.ts';
import { runContest } from '../contest.ts';
import type { Figure } from '../figure.ts';
import type { Request } from '../load.ts';
import type { ServerProcess } from '../server-process.ts';
import { createRequest } from '../workload.ts';

/** The same request to a server that asks for a token, and to one that does not: what it takes to know who asks, and what they may do. */
export async function runAuthentication(bench: Bench): Promise<Figure[]> {
  const directory = join(bench.directory, 'guarded');
  const guarded = await startYaradb(directory, { YARADB_AUTH: 'required' });
  try {
    const open = await bench.server();
    const operator = JSON.parse(await readFile(join(directory, 'operator.json'), 'utf8'));
    const { token } = await post(guarded, '/system/tokens', { roles: ['read', 'write:orders'] }, operator.token);
    return await runContest(
      {
        name: 'GET /document/get/{id}, with a token',
        server: guarded,
        requests: [await getOf(guarded, operator.token, token)],
      },
      [
        {
          name: 'without',
          server: open,
          requests: [await getOf(open)],
          target: { of: 'ratio', sign: '≥', value: 0.95 },
        },
      ],
      bench.options.rounds,
      bench.options.load,
    );
  } finally {
    await guarded.stop();
  }
}

async function getOf(server: ServerProcess, writer?: string, reader?: string): Promise<Request> {
  const { _id: id } = await post(server, '/document/create', JSON.parse(createRequest), writer);
  return { method: 'GET', path: `/document/get/${id}`, ...(reader === undefined ? {} : { token: reader }) };
}

async function post(server: ServerProcess, path: string, body: unknown, token?: string) {
  const authorization: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const headers = { 'content-type': 'application/json', ...authorization };
  const response = await fetch(`${server.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`POST ${path}: ${await response.text()}`);
  return response.json();
}
