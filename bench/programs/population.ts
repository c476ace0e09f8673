import { SharedTurns } from '../../src/database/shared-turns.ts';
import { type Document, defaultTable } from '../../src/document/document.ts';
import { isJsonObject } from '../../src/document/json.ts';
import { parseJson } from '../../src/document/json-parser.ts';
import { ColumnMemory } from '../../src/embedded/columns/column-memory.ts';
import { EmbeddedReadView } from '../../src/embedded/embedded-read-view.ts';
import { HistoryReader } from '../../src/embedded/history/history-reader.ts';
import { TimeSlice } from '../../src/embedded/history/time-slice.ts';
import type { SecondaryIndex } from '../../src/embedded/index/secondary-index.ts';
import type { IndexRecord } from '../../src/embedded/log/record.ts';
import { systemClock } from '../../src/embedded/ports/clock.ts';
import { nodeFileSystem } from '../../src/embedded/ports/node-file-system.ts';
import { State } from '../../src/embedded/state.ts';
import { TableReader } from '../../src/embedded/table-reader.ts';
import type { TableState } from '../../src/embedded/table-state.ts';
import type { Filter } from '../../src/query/filter.ts';
import type { FindQuery } from '../../src/query/find-query.ts';
import { personOf } from '../people.ts';

/** A state of many people in memory, and views of it as the engine opens them. */
export class Population {
  readonly table: TableState;
  /** The same as a plain array, for what is written by hand. */
  readonly documents: readonly Document[];
  readonly #state: State;
  readonly #scanTurns = new SharedTurns(systemClock);

  private constructor(state: State, table: TableState) {
    this.#state = state;
    this.table = table;
    this.documents = table.documents.toArray();
  }

  static of(size: number): Promise<Population> {
    return Population.#holding(Array.from({ length: size }, (_, number) => documentOf(number)));
  }

  /** The same documents where no scan is asked again: no columns are made of them. */
  withoutColumns(): Promise<Population> {
    return Population.#holding([...this.documents], 0);
  }

  static async #holding(documents: Document[], columnBytesMax?: number): Promise<Population> {
    const state = new State(new ColumnMemory(columnBytesMax));
    state.load({
      sequence: 1,
      committedAt: 0,
      definitions: { tables: [], indexes: [], settings: [] },
      documents,
      keys: [],
    });
    await state.fillIndexes(new TimeSlice(systemClock));
    const table = state.table('default');
    if (table === undefined) throw new Error('there is always the default table');
    return new Population(state, table);
  }

  get columnBytes(): number {
    return this.#state.columnMemory.bytes;
  }

  /** As when they had to leave: what was scanned by will be scanned for the second time. */
  dropColumns(): void {
    this.#state.columnMemory.clear();
  }

  async createIndex(kind: IndexRecord['kind'], ...paths: string[]): Promise<SecondaryIndex> {
    const state = this.#state;
    const index: IndexRecord = {
      id: `${paths} ${kind}`,
      tableId: defaultTable.id,
      paths,
      kind,
      unique: false,
      archived: 'EXCLUDE',
      ready: true,
      createdAt: 0,
    };
    const { sequence } = state;
    const commit = { committedAt: 0, principal: '', idempotencyKey: null, requestDigest: null };
    state.apply({ ...commit, sequence: sequence + 1, records: [{ kind: 'putIndex', index }] });
    const made = this.table.indexes.get(index.id);
    if (made === undefined) throw new Error('the index was not made');
    await made.fill(this.table.documents, new TimeSlice(systemClock));
    return made;
  }

  view(): EmbeddedReadView {
    return new EmbeddedReadView({
      state: this.#state,
      clock: systemClock,
      scanTurns: this.#scanTurns,
      tables: new TableReader(this.#state, systemClock),
      // Nothing is asked of the past.
      history: new HistoryReader({ fileSystem: nodeFileSystem, directory: '', clock: systemClock }),
      deadlineMs: 600_000,
    });
  }
}

export function queryOf(filter: Filter, orderBy: FindQuery['orderBy'] = []): FindQuery {
  return { table: 'default', filter, orderBy, archived: 'EXCLUDE' };
}

/** Parsed from text, as documents come in: that decides the shapes of the objects. */
function documentOf(number: number): Document {
  const body = parseJson(JSON.stringify(personOf(number)));
  if (!isJsonObject(body)) throw new TypeError('a body is an object');
  return {
    id: `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`,
    table: defaultTable,
    tableNamed: false,
    name: 'person',
    body,
    bodyHash: '',
    version: 1,
    createdAt: number,
    updatedAt: null,
    archivedAt: null,
    sequence: 1,
    createdSequence: 1,
    previousSequence: 0,
  };
}
