import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { anonymous } from '../../src/database/principal.ts';
import { SharedTurns } from '../../src/database/shared-turns.ts';
import { parseJson } from '../../src/document/json-parser.ts';
import { engineVariants } from '../support/engine-variant.ts';
import { EventReader } from '../support/event-reader.ts';
import { send } from '../support/http-client.ts';
import {
  type ListeningServer,
  type ListeningServerOptions,
  startListeningServer,
} from '../support/listening-server.ts';

describe.each(engineVariants)('GET /changes on the %s', (_name, openEngine) => {
  let server: ListeningServer;
  const readers: EventReader[] = [];

  beforeEach(async () => {
    server = await startListeningServer(openEngine);
  });

  afterEach(async () => {
    for (const reader of readers.splice(0)) reader.close();
    await server.close();
  });

  async function restart(options: ListeningServerOptions): Promise<void> {
    await server.close();
    server = await startListeningServer(openEngine, options);
  }

  async function read(query: string, headers: Readonly<Record<string, string>> = {}): Promise<EventReader> {
    const reader = await EventReader.open(`${server.url}/changes${query}`, headers);
    readers.push(reader);
    return reader;
  }

  test('a commit of many changes is told of in turns of the event loop, its text made once for all', async () => {
    let now = 0;
    let turns = 0;
    // By this clock a slice of 2 ms has time for two steps.
    const clock = {
      monotonic: () => {
        now += 1;
        return now;
      },
      yield: () => {
        turns += 1;
        return new Promise<void>((resolve) => setImmediate(resolve));
      },
    };
    await restart({ rest: { turns: new SharedTurns(clock) } });
    const readersAtOnce = await Promise.all([read(''), read(''), read('')]);
    await Promise.all(readersAtOnce.map((reader) => reader.piece('\n')));
    const documents = Array.from({ length: 1_000 }, (_, number) => ({ name: 'x', body: { number } }));
    const { text } = await send(`${server.url}/document/batch/create`, {
      method: 'POST',
      body: JSON.stringify(documents),
    });
    const [told, ...others] = await Promise.all(readersAtOnce.map((reader) => reader.piece('\n')));
    for (const other of others) expect(other).toBe(told);
    const { type, changes } = parseJson(told ?? '') as { type: string; changes: { document: unknown }[] };
    expect(type).toBe('changes');
    expect(changes.map(({ document }) => document)).toEqual(parseJson(text));
    expect(turns).toBeGreaterThan(300);
    expect(turns).toBeLessThan(1_500);
  });

  async function create(body: string, table = ''): Promise<Record<string, unknown>> {
    const name = table === '' ? '' : `"table_name":"${table}",`;
    const { text, status } = await send(`${server.url}/document/create`, {
      method: 'POST',
      body: `{${name}"name":"x","body":${body}}`,
    });
    expect(status).toBe(200);
    return parseJson(text) as Record<string, unknown>;
  }

  const lineOf = async (reader: EventReader) => parseJson((await reader.piece('\n')) ?? 'null');

  test('is one JSON object a line, of documents as REST shows them', async () => {
    const reader = await read('?since=0');
    expect(reader.response.headers['content-type']).toBe('application/x-ndjson; charset=utf-8');
    const { epoch } = await server.database.status(anonymous);
    expect(await lineOf(reader)).toEqual({ type: 'progress', sequence: 0, epoch });
    const document = await create('{"n":12345678901234567890}');
    expect(await lineOf(reader)).toEqual({
      type: 'changes',
      sequence: 1,
      epoch,
      committed_at: document.created_at,
      changes: [{ kind: 'CREATED', document, before: null }],
    });
  });

  test('is Server-Sent Events for whoever accepts them, resumed by the id of the last one', async () => {
    await create('{"n":1}');
    await create('{"n":2}');
    const { epoch } = await server.database.status(anonymous);
    const accept = 'text/event-stream';
    const reader = await read('?since=0', { accept });
    expect(reader.response.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(await reader.event()).toMatchObject({ id: `${epoch}:1`, event: 'changes' });
    const again = await read('?since=0', { accept, 'last-event-id': `${epoch}:1` });
    expect(await again.event()).toMatchObject({ id: `${epoch}:2`, event: 'changes' });
  });

  test('takes a filter as find does, and a table', async () => {
    await create('{"level":1}', 'people');
    await create('{"level":7}', 'people');
    await create('{"level":8}', 'places');
    const filter = encodeURIComponent('{"level":{"$gte":5}}');
    const reader = await read(`?since=0&table_name=people&filter=${filter}`);
    expect(await lineOf(reader)).toMatchObject({ sequence: 2, changes: [{ document: { body: { level: 7 } } }] });
    expect(await lineOf(reader)).toMatchObject({ type: 'progress', sequence: 3 });
  });

  test('without following it ends when everything was told', async () => {
    await create('{"n":1}');
    await create('{"n":2}', 'other');
    const answer = await send(`${server.url}/changes?since=0&table_name=default&follow=false`);
    expect(
      answer.text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { type: 'changes', sequence: 1 },
      { type: 'progress', sequence: 2 },
    ]);
  });

  test('has the client read the list again when it cannot go on', async () => {
    await create('{"n":1}');
    const { text } = await send(`${server.url}/changes?since=1&epoch=other`);
    expect(JSON.parse(text)).toMatchObject({ type: 'resync_required', oldest: 0, newest: 1 });
  });

  test('an idle answer says that it is still there with an empty line', async () => {
    await restart({ rest: { keepAliveMs: 10 } });
    const reader = await read('');
    await lineOf(reader);
    expect(await reader.piece('\n')).toBe('');
  });

  test.each([
    ['?since=x', 'since'],
    ['?since=99999999999999999999', 'since'],
    ['?filter=x', 'filter'],
    ['?filter=[]', 'filter'],
    ['?filter=%7B%22a%22%3A%7B%22%24nope%22%3A1%7D%7D', 'filter'],
    ['?follow=perhaps', 'follow'],
  ])('refuses %s', async (query, path) => {
    const { status, json } = await send(`${server.url}/changes${query}`);
    expect(status).toBe(422);
    expect(json).toMatchObject({ code: 'INVALID_ARGUMENT', path: expect.stringContaining(path) });
  });

  test('ends when the server stops', async () => {
    const reader = await read('');
    await lineOf(reader);
    await server.server.close();
    expect(await reader.piece('\n')).toBeNull();
    expect(reader.response.complete).toBe(true);
  });
});
