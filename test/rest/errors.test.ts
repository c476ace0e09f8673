import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../src/database/database.ts';
import { DatabaseError, type ErrorCode, errorMeanings } from '../../src/errors.ts';
import { engineVariants } from '../support/engine-variant.ts';
import { forwarding } from '../support/forwarding-database.ts';
import { type HttpAnswer, send } from '../support/http-client.ts';
import { type ListeningServer, startListeningServer } from '../support/listening-server.ts';

/** The table of the public contract, as far as its codes exist. */
const documentedStatuses: Readonly<Record<ErrorCode, number>> = {
  INVALID_ARGUMENT: 422,
  NOT_FOUND: 404,
  IDEMPOTENCY_KEY_REUSED: 422,
  HISTORY_GONE: 410,
  VERSION_CONFLICT: 409,
  ALREADY_ARCHIVED: 400,
  NOT_ARCHIVED: 400,
  ALREADY_EXISTS: 400,
  SCHEMA_VIOLATION: 400,
  UNIQUE_VIOLATION: 400,
  TABLE_READ_ONLY: 400,
  PAYLOAD_TOO_LARGE: 413,
  LIMIT_EXCEEDED: 400,
  OVERLOADED: 503,
  STORAGE_FULL: 507,
  MEMORY_FULL: 507,
  OUTCOME_UNKNOWN: 500,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  RATE_LIMITED: 429,
  INTERNAL: 500,
};

describe.each(engineVariants)('REST errors of the %s', (_name, openEngine) => {
  let server: ListeningServer;
  let failure: Error;
  let logged: Record<string, unknown>[];

  beforeAll(async () => {
    logged = [];
    const logger = pino({ level: 'info' }, { write: (line: string) => logged.push(JSON.parse(line)) });
    server = await startListeningServer(openEngine, {
      http: { logger },
      wrap: (database) => failingCommits(database, () => failure),
    });
  });

  afterAll(() => server.close());

  function createFailing(error: Error): Promise<HttpAnswer> {
    failure = error;
    logged.length = 0;
    return send(`${server.url}/document/create`, { method: 'POST', body: { name: 'n', body: {} } });
  }

  const codes = Object.keys(errorMeanings).filter((code): code is ErrorCode => code !== 'INTERNAL');

  test.each(codes)('%s has its documented status, and tells its evidence', async (code) => {
    const answer = await createFailing(
      new DatabaseError(code, 'what happened', { limit: 7, big: 2n ** 64n, path: undefined }),
    );
    expect(answer.status).toBe(documentedStatuses[code]);
    expect(answer.text).toBe(`{"detail":"what happened","code":"${code}","limit":7,"big":18446744073709551616}`);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  });

  test('OVERLOADED says when to come back', async () => {
    const told = await createFailing(new DatabaseError('OVERLOADED', 'busy', { retryAfterSeconds: 7 }));
    expect(told.headers['retry-after']).toBe('7');
    expect((await createFailing(new DatabaseError('OVERLOADED', 'busy'))).headers['retry-after']).toBe('1');
  });

  test.each([
    ['a coded error', new DatabaseError('INTERNAL', 'the secret', { secret: 'the secret' })],
    ['any other error', new TypeError('the secret')],
  ])('%s that is a bug is masked, and logged whole', async (_case, error) => {
    const answer = await createFailing(error);
    expect(answer.status).toBe(500);
    expect(answer.json).toEqual({
      detail: expect.any(String),
      code: 'INTERNAL',
      requestId: answer.headers['x-request-id'],
    });
    expect(answer.text).not.toContain('secret');
    expect(logged).toMatchObject([
      { level: 50, err: { message: 'the secret' }, requestId: answer.headers['x-request-id'] },
    ]);
  });

  test('what the server answers for is logged with its cause, what the client sent is not', async () => {
    const cause = new Error('EIO');
    await createFailing(new DatabaseError('OUTCOME_UNKNOWN', 'the sync failed', {}, { cause }));
    expect(logged).toMatchObject([{ level: 50, err: { message: expect.stringContaining('the sync failed') } }]);
    expect(JSON.stringify(logged)).toContain('EIO');
    await createFailing(new DatabaseError('ALREADY_EXISTS', 'there already'));
    expect(logged).toEqual([]);
  });
});

function failingCommits(database: Database, failure: () => Error): Database {
  return {
    ...forwarding(database),
    commit: async () => {
      throw failure();
    },
  };
}
