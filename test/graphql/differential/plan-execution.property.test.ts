import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { buildSchema as buildSchemaOfText, execute, isObjectType, parse } from 'graphql';
import { expect, test } from 'vitest';
import { anonymous } from '../../../src/database/principal.ts';
import type { GraphqlResult } from '../../../src/graphql/graphql-answer.ts';
import { type GraphqlServices, OperationContext } from '../../../src/graphql/operation-context.ts';
import { PlanExecution } from '../../../src/graphql/plan-execution.ts';
import { PreparedDocument } from '../../../src/graphql/prepared-document.ts';
import { defaultQueryLimits } from '../../../src/query/limits.ts';
import { createAnswerTurns } from '../../../src/streaming/answer-turns.ts';
import { unreachableDatabase } from './unreachable-database.ts';

/** What a resolver does. A later one answers so many turns of the event loop later, so that it is known which error came first. */
interface Behaviour {
  readonly turns: number;
  readonly outcome: 'value' | 'null' | 'error' | 'errorValue';
}

const kinds = 'must: Int! may: Int object: Node mustObject: Node! list: [Node] mustList: [Node!]! numbers: [Int!]';
const schema = buildSchemaOfText(`type Query { ${kinds} } type Mutation { ${kinds} } type Node { ${kinds} }`);

/** Every call takes the next behaviour of a list that both executions are given. Calls are told apart by their paths, not by when they come. */
class Play {
  readonly #behaviours: readonly Behaviour[];
  readonly #isGuarded: boolean;
  readonly #calls: string[] = [];

  /** @param isGuarded whether rejections that nobody handles are no matter: graphql-js leaves some of lists that come too late. */
  constructor(behaviours: readonly Behaviour[], isGuarded: boolean) {
    this.#behaviours = behaviours;
    this.#isGuarded = isGuarded;
  }

  get calls(): readonly string[] {
    return this.#calls;
  }

  resolve(path: string, type: string): unknown {
    this.#calls.push(path);
    const { turns, outcome } = this.#behaviourOf(path);
    const settle = () => {
      if (outcome === 'error') throw new Error(`thrown at ${path}`);
      return outcome === 'null'
        ? null
        : outcome === 'errorValue'
          ? new Error(`given at ${path}`)
          : this.#value(path, type);
    };
    return turns === 0 ? settle() : this.#later(turns, settle);
  }

  async #later(turns: number, settle: () => unknown): Promise<unknown> {
    for (let turn = 0; turn < turns; turn += 1) await nextTurn();
    return settle();
  }

  #value(path: string, type: string): unknown {
    if (type.includes('[')) return [0, 1, 2].map((index) => this.#element(`${path}.${index}`, type.includes('Int')));
    return type.includes('Int') ? 1 : { path };
  }

  #element(path: string, isNumber: boolean): unknown {
    const { turns, outcome } = this.#behaviourOf(path);
    if (outcome === 'null') return null;
    if (outcome === 'errorValue') return new Error(`given at ${path}`);
    const value = isNumber ? 1 : { path };
    if (outcome === 'value') return turns === 0 ? value : this.#later(turns, () => value);
    // In the same turn, which of several errors under one nulled parent comes first depends on how often each side awaits.
    const rejected = this.#later(Math.max(turns, 1), () => {
      throw new Error(`rejected at ${path}`);
    });
    if (this.#isGuarded) rejected.catch(() => undefined);
    return rejected;
  }

  #behaviourOf(path: string): Behaviour {
    let hash = 7;
    for (const character of path) hash = (hash * 31 + character.charCodeAt(0)) % 1_000_003;
    return this.#behaviours[hash % this.#behaviours.length] ?? { turns: 0, outcome: 'value' };
  }
}

let play = new Play([], true);
for (const type of Object.values(schema.getTypeMap())) {
  if (!isObjectType(type) || type.name.startsWith('__')) continue;
  for (const field of Object.values(type.getFields())) {
    field.resolve = (source: { readonly path: string } | undefined) =>
      play.resolve(`${source?.path ?? type.name}.${field.name}`, String(field.type));
  }
}

const behaviours = fc.array(
  fc.record({
    turns: fc.constantFrom(0, 0, 0, 0, 1, 2, 3, 5),
    outcome: fc.constantFrom<Behaviour['outcome']>(
      'value',
      'value',
      'value',
      'value',
      'value',
      'null',
      'error',
      'errorValue',
    ),
  }),
  { minLength: 1, maxLength: 40 },
);

const { selections } = fc.letrec<{ selections: string; selection: string }>((tie) => ({
  selection: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'selections' },
    fc.constantFrom('must', 'may', 'numbers'),
    fc
      .tuple(fc.constantFrom('object', 'mustObject', 'list', 'mustList'), tie('selections'))
      .map(([name, below]) => `${name} ${below}`),
  ),
  selections: fc
    .array(tie('selection'), { minLength: 1, maxLength: 4, depthIdentifier: 'selections' })
    .map((parts) => `{ ${parts.join(' ')} }`),
}));

const services: GraphqlServices = {
  database: unreachableDatabase,
  version: '',
  uptimeSeconds: () => 0,
  turns: createAnswerTurns(),
  queryLimits: defaultQueryLimits,
};

async function byPlan(text: string): Promise<GraphqlResult> {
  const operation = new PreparedDocument(schema, { document: parse(text), fieldCount: 0 }, []).operation(undefined);
  const variables = { sources: {}, coerced: {} };
  const plan = operation?.plan(variables);
  if (plan === undefined) throw new TypeError('there is no plan');
  return new PlanExecution(new OperationContext(services, anonymous), variables).run(plan);
}

test('plans are executed as graphql-js executes, whatever resolvers do: the same data, the same errors, the same calls', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('query', 'mutation'), selections, behaviours, async (kind, below, given) => {
      const text = `${kind} ${below}`;
      play = new Play(given, true);
      const expected = await execute({ schema, document: parse(text) });
      for (let turn = 0; turn < 20; turn += 1) await nextTurn();
      const { calls } = play;
      play = new Play(given, false);
      const found = await byPlan(text);
      const { length } = found.errors ?? [];
      for (let turn = 0; turn < 20; turn += 1) await nextTurn();
      expect(JSON.parse(JSON.stringify(found))).toEqual(JSON.parse(JSON.stringify(expected)));
      expect(found.errors ?? []).toHaveLength(length);
      expect(play.calls).toEqual(calls);
    }),
    { numRuns: 1000 },
  );
}, 60_000);
