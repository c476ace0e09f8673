import { setImmediate as nextTick } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anonymous } from '../../../src/database/principal.ts';
import { parsePath } from '../../../src/document/path.ts';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../../../src/embedded/embedded-database.ts';
import { DatabaseError } from '../../../src/errors.ts';
import { everything } from '../../../src/query/filter.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import {
  type ModelDocument,
  type ModelOperation,
  type ModelState,
  runAlone,
  toOperation,
} from './transaction-model.ts';

const table = 'things';
const ids = [1, 2, 3].map((n) => `00000000-0000-4000-8000-00000000000${n}`);

const id = fc.constantFrom(...ids);
/** How far behind the version that the client sees the one is that it sends; ahead, where it counts on what it writes before. */
const version = fc.constantFrom(0, 0, 0, 0, 1, 2, -1);
const small = fc.integer({ min: 0, max: 2 });
const body = fc.record({ n: small, m: small, u: small }, { requiredKeys: ['n'] });
const merge = fc.record({ n: small, m: small, u: small }, { requiredKeys: [] });
const operation: fc.Arbitrary<ModelOperation> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('create' as const), id, body }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('update' as const), id, version, body }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('increment' as const), id, by: small }) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('merge' as const), id, version, merge, rebase: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('archive' as const), id }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('archive' as const), id, version }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restore' as const), id }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restore' as const), id, version }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('erase' as const), id, version }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('assert' as const), id, version }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('exists' as const), id, exists: fc.boolean() }) },
);

/** What one client does: waits for so many turns, then runs a transaction, dry or not, or reads everything. */
const step = fc.record({
  turns: fc.integer({ min: 0, max: 6 }),
  operations: fc.array(operation, { minLength: 1, maxLength: 3 }),
  dryRun: fc.nat(5).map((dice) => dice === 0),
  reads: fc.nat(5).map((dice) => dice === 0),
});
const clients = fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 5 });

/** What was seen, and between which sequences it must have been decided. */
interface Seen {
  readonly operations: readonly ModelOperation[];
  readonly from: number;
  readonly to: number;
  readonly outcome: unknown;
}

test('transactions that run at once come to what they come to one after the other, and readers see states between two of them', async () => {
  await fc.assert(
    fc.asyncProperty(clients, async (given) => {
      const fileSystem = new SimulatedFileSystem();
      const database = await openEmbeddedDatabase({ directory: '/data', fileSystem });
      await database.createIndex(anonymous, {
        table,
        paths: [parsePath('u', 'path')],
        kind: 'HASH',
        unique: true,
        archived: 'EXCLUDE',
      });
      const first = (await database.status(anonymous)).sequence;
      const committed = new Map<number, { operations: readonly ModelOperation[]; outcome: unknown }>();
      const creations = ids.map((id): ModelOperation => ({ kind: 'create', id, body: { n: 0 } }));
      const created = await database.commit(
        anonymous,
        creations.map((each) => toOperation(each, table)),
      );
      committed.set(first + 1, { operations: creations, outcome: created.documents.map(shown) });
      const dryOrRefused: Seen[] = [];
      const read: { sequence: number; state: unknown }[] = [];

      await Promise.all(
        given.map(async (steps) => {
          for (const { turns, operations: chosen, dryRun, reads } of steps) {
            for (let turn = 0; turn < turns; turn += 1) await nextTick();
            if (reads) read.push(await readAll(database));
            const operations = chosen.map((each) => withVersion(database, each));
            const from = (await database.status(anonymous)).sequence;
            const sent = operations.map((each) => toOperation(each, table));
            try {
              const commit = await database.commit(anonymous, sent, { dryRun, namesOperation: true });
              const outcome = commit.documents.map(shown);
              const { sequence } = await database.status(anonymous);
              if (dryRun || commit.sequence === null) dryOrRefused.push({ operations, from, to: sequence, outcome });
              else committed.set(commit.sequence, { operations, outcome });
            } catch (error) {
              if (!(error instanceof DatabaseError)) throw error;
              const { sequence } = await database.status(anonymous);
              const outcome = { code: error.code, operation: error.evidence.operation };
              dryOrRefused.push({ operations, from, to: sequence, outcome });
            }
          }
        }),
      );
      read.push(await readAll(database));
      await database.close();
      const reopened = await openEmbeddedDatabase({ directory: '/data', fileSystem });
      read.push(await readAll(reopened));
      await reopened.close();

      const states: ModelState[] = [];
      states[first] = new Map();
      for (let sequence = first + 1; sequence <= first + committed.size; sequence += 1) {
        const commit = committed.get(sequence);
        if (commit === undefined) throw new Error(`no transaction tells that it was commit ${sequence}`);
        const alone = runAlone(states[sequence - 1] ?? new Map(), commit.operations);
        if ('code' in alone) throw new Error(`commit ${sequence} is to be refused: ${alone.code}`);
        expect(commit.outcome).toEqual(alone.written.map(modelShown));
        states.push(alone.state);
      }
      for (const { operations, from, to, outcome } of dryOrRefused) {
        const possible = states.slice(from, to + 1).map((state) => {
          const alone = runAlone(state, operations);
          return 'code' in alone ? alone : alone.written.map(modelShown);
        });
        expect(possible).toContainEqual(outcome);
      }
      for (const { sequence, state } of read) {
        expect(state).toEqual([...(states[sequence]?.values() ?? [])].map(modelShown).sort(byId));
      }
    }),
    { numRuns: Number(process.env.YARADB_TEST_RUNS ?? 300) },
  );
});

function withVersion(database: EmbeddedDatabase, operation: ModelOperation): ModelOperation {
  if (!('version' in operation)) return operation;
  const seen = database.getDocument(anonymous, operation.id, 'INCLUDE')?.version ?? 1;
  return { ...operation, version: Math.max(1, seen - operation.version) };
}

interface Shown {
  readonly id: string;
  readonly version: number;
  readonly body: unknown;
  readonly archived: boolean;
}

function shown({ id, version, body, archivedAt }: Omit<Shown, 'archived'> & { archivedAt: number | null }): Shown {
  return { id, version, body, archived: archivedAt !== null };
}

function modelShown({ id, version, body, archived }: ModelDocument): Shown {
  return { id, version, body, archived };
}

const byId = (a: Shown, b: Shown): number => (a.id < b.id ? -1 : 1);

async function readAll(database: EmbeddedDatabase): Promise<{ sequence: number; state: unknown }> {
  const view = await database.view(anonymous);
  try {
    await nextTick();
    const documents: Shown[] = [];
    const query = { filter: everything, orderBy: [], archived: 'INCLUDE' } as const;
    for await (const slice of view.scanDocuments(query)) documents.push(...slice.map(shown));
    return { sequence: view.sequence, state: documents.sort(byId) };
  } finally {
    view.close();
  }
}
