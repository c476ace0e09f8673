import { setImmediate as nextTick } from 'node:timers/promises';
import type { Operation } from '../../../src/database/operation.ts';
import { anonymous } from '../../../src/database/principal.ts';
import type { Document } from '../../../src/document/document.ts';
import type { JsonObject } from '../../../src/document/json.ts';
import { parsePath } from '../../../src/document/path.ts';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../../../src/embedded/embedded-database.ts';
import { parseMongodbFilter } from '../../../src/query/mongodb-filter-parser.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { HeldFileSystem } from '../held-file-system.ts';
import { CrowdedClock } from './crowded-clock.ts';

/** A database whose clock gives way at every step of a large commit, and whose disk can be held and can fail. */
export class LargeCommitFixture {
  readonly clock = new CrowdedClock();
  readonly disk = new SimulatedFileSystem();
  readonly fileSystem = new HeldFileSystem(this.disk);

  open(): Promise<EmbeddedDatabase> {
    return openEmbeddedDatabase({
      directory: '/data',
      fileSystem: this.fileSystem,
      clock: this.clock,
      // What a view costs in turns of this clock is no matter of deadlines.
      limits: { viewMsMax: Number.POSITIVE_INFINITY, operationsAtOnceMax: 16 },
    });
  }

  /** From now on every write to the disk fails so. */
  fail(operation: 'write' | 'datasync', code: string): void {
    this.disk.inject = (kind) => (kind === operation ? { kind: 'error', code } : undefined);
  }

  /** Resolves when so many turns were given to others. */
  async turns(count: number): Promise<void> {
    const end = this.clock.turns + count;
    while (this.clock.turns < end) await nextTick();
  }
}

export function idOf(number: number): string {
  return `01234567-89ab-7def-8123-${String(number).padStart(12, '0')}`;
}

/** Creates of so many documents of a table, whose `slot` is no other's. */
export function creates(count: number, table = 'things', first = 0): Operation[] {
  return Array.from({ length: count }, (_, index) => create(first + index, table));
}

export function create(number: number, table = 'things', body: JsonObject = { slot: number }): Operation {
  return { kind: 'create', id: idOf(number), table, body };
}

export async function indexSlots(database: EmbeddedDatabase, table = 'things'): Promise<void> {
  await database.createIndex(anonymous, {
    table,
    paths: [parsePath('slot', 'path')],
    kind: 'ORDERED',
    unique: true,
    archived: 'EXCLUDE',
  });
}

/** What one reader can see of a table, in all ways that there are, at one moment. */
export interface Seen {
  readonly sequence: number;
  readonly documents: readonly string[];
  readonly bySlot: readonly string[];
  readonly byId: readonly string[];
  readonly count: number;
}

/** @param numbers of the documents that are asked for by their ids. */
export async function look(database: EmbeddedDatabase, numbers: readonly number[], table = 'things'): Promise<Seen> {
  const view = await database.view(anonymous);
  try {
    const all = { table, filter: parseMongodbFilter({}, ''), archived: 'INCLUDE', orderBy: [] } as const;
    const documents: Document[] = [];
    for await (const batch of view.scanDocuments(all)) documents.push(...batch);
    const slots = { ...all, filter: parseMongodbFilter({ slot: { $gte: 0 } }, ''), archived: 'EXCLUDE' } as const;
    const orderBy = [{ path: parsePath('slot', 'path'), direction: 'ASC' }] as const;
    const page = await view.findDocuments({ ...slots, orderBy }, { first: 1000 });
    const count = await view.countDocuments(all);
    const byId: string[] = [];
    for (const number of numbers) {
      const document = await view.getDocument(idOf(number), 'INCLUDE');
      byId.push(document === null ? 'none' : textOf(document));
    }
    return {
      sequence: view.sequence,
      documents: documents.map(textOf),
      bySlot: page.documents.map(textOf),
      byId,
      count,
    };
  } finally {
    view.close();
  }
}

export function textOf({ id, version, archivedAt, body }: Document): string {
  return `${Number(id.slice(-12))} v${version} ${JSON.stringify(body.slot)}${archivedAt === null ? '' : ' archived'}`;
}
