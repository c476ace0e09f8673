import { readdirSync, readFileSync } from 'node:fs';
import { setImmediate as nextTick } from 'node:timers/promises';
import { parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { anonymous } from '../../src/database/principal.ts';
import type { JsonObject } from '../../src/document/json.ts';
import { defaultJsonLimits } from '../../src/document/json-parser.ts';
import { defaultGraphqlDocumentLimits } from '../../src/graphql/document-limits.ts';
import { OperationExecutor } from '../../src/graphql/operation-executor.ts';
import { buildSchema } from '../../src/graphql/schema.ts';
import { defaultQueryLimits } from '../../src/query/limits.ts';
import { createAnswerTurns } from '../../src/streaming/answer-turns.ts';
import { engineVariants, type OpenEngine } from '../support/engine-variant.ts';
import { observedDatabase } from './observed-database.ts';

const schema = buildSchema({ jsonLimits: defaultJsonLimits });
const limits = defaultGraphqlDocumentLimits(defaultJsonLimits.nestingMax);
const missingId = '01234567-89ab-7def-8123-456789abcdef';

describe('the execution by plans', () => {
  let engine: OpenEngine;
  let executor: OperationExecutor;
  let opened = 0;
  let closed = 0;

  beforeAll(async () => {
    const [[, openEngine] = []] = engineVariants;
    if (openEngine === undefined) throw new TypeError('there is no engine');
    engine = await openEngine();
    const database = observedDatabase(engine.database, {
      onView: () => {
        opened += 1;
      },
      onClose: () => {
        closed += 1;
      },
    });
    const services = {
      database,
      version: '1.2.3',
      uptimeSeconds: () => 1,
      queryLimits: defaultQueryLimits,
      turns: createAnswerTurns(),
    };
    executor = new OperationExecutor(schema, services, limits);
  });

  afterAll(() => engine.dispose());

  const execute = (query: string, variables: JsonObject = {}) =>
    executor.execute({ query, variables }, anonymous, () => {});

  test('is for every operation that clients are made from', async () => {
    const folder = new URL('../../schema/operations/', import.meta.url);
    const fields = readFileSync(new URL('document-fields.graphql', folder), 'utf8');
    const names = readdirSync(folder).filter((name) => name !== 'document-fields.graphql');
    expect(names.length).toBeGreaterThan(10);
    const variables = { id: missingId, name: 'n', body: {}, version: 1, path: 'a', operations: [], measures: [] };
    const change = { merge: {} };
    for (const name of names) {
      const text = readFileSync(new URL(name, folder), 'utf8');
      const query = text.includes('...DocumentFields') ? `${text}\n${fields}` : text;
      expect(parse(query).definitions).not.toHaveLength(0);
      const result = await execute(query, { ...variables, change });
      expect(result, name).toHaveProperty('data');
    }
  });

  test('is not for introspection, and leaves it undone', () => {
    expect(execute('{ status { version } __schema { queryType { name } } }')).toBeUndefined();
    expect(execute('mutation { createDocument(name: "n", body: {}) { __proto__: id } }')).toBeUndefined();
    expect(opened).toBe(closed);
  });

  test('answers at once where the engine does', () => {
    expect(execute('query ($id: ID!) { getDocument(id: $id) { id } }', { id: missingId })).toEqual({
      data: { getDocument: null },
    });
  });

  test('closes the view when an error ends it early, and calls no more resolvers', async () => {
    const list = 'findDocuments { nodes { history { totalCount } } }';
    await execute('mutation { createDocument(name: "n", body: {}) { id } }');
    const before = opened;
    const result = await execute(`{ ${list} late: ${list} broken: findDocuments(first: 1, last: 1) { totalCount } }`);
    expect(result).toMatchObject({ data: null, errors: [{ path: ['broken'] }] });
    for (let tick = 0; tick < 20; tick += 1) await nextTick();
    expect(opened).toBe(before + 1);
    expect(closed).toBe(opened);
  });

  test('closes the view when the error comes at once, before the view was opened', async () => {
    const before = opened;
    const result = await execute(
      `query ($as: String = "n") {
        findDocuments { totalCount }
        aggregateDocuments(measures: [{count: true, as: $as}]) { key }
      }`,
      { as: null },
    );
    expect(result).toMatchObject({ data: null, errors: [{ path: ['aggregateDocuments'] }] });
    expect(opened).toBe(before + 1);
    expect(closed).toBe(opened);
  });

  test('is planned anew for other conditions', async () => {
    const query = 'query ($a: Boolean!) { status { version engine @skip(if: $a) } }';
    for (const a of [true, false, true, true, false, false]) {
      const status = a ? { version: '1.2.3' } : { version: '1.2.3', engine: 'embedded' };
      expect(await execute(query, { a })).toEqual({ data: { status } });
    }
  });
});
