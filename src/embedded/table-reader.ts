import type { IndexBuild } from '../database/status.ts';
import type { Table, TableIndex } from '../database/table.ts';
import { defaultTable } from '../document/document.ts';
import { TimeSlice } from './history/time-slice.ts';
import type { SecondaryIndex } from './index/secondary-index.ts';
import type { Clock } from './ports/clock.ts';
import type { State } from './state.ts';
import { storedSettingsOf } from './table-settings.ts';
import type { TableState } from './table-state.ts';

/** Tells what tables there are, as of the newest commit. */
export class TableReader {
  readonly #state: State;
  readonly #clock: Clock;

  constructor(state: State, clock: Clock) {
    this.#state = state;
    this.#clock = clock;
  }

  /** Null when there is none. Counting the bytes of a table's bodies takes a while when it is asked for first. */
  async table(name: string): Promise<Table | null> {
    if (this.#state.unfinished !== null) await this.#state.whole();
    const table = this.#state.table(name);
    return table === undefined ? null : this.#describe(table);
  }

  /** By name. The default table is among them. */
  async tables(): Promise<readonly Table[]> {
    if (this.#state.unfinished !== null) await this.#state.whole();
    const tables = await Promise.all(Array.from(this.#state.tables(), (table) => this.#describe(table)));
    return tables.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Those that are not ready. */
  indexBuilds(): readonly IndexBuild[] {
    const builds: IndexBuild[] = [];
    for (const table of this.#state.tables()) {
      for (const index of table.indexes.values()) {
        if (index.record.ready) continue;
        const { filled, documents } = toTableIndex(table, index);
        builds.push({ table: table.reference.name, paths: index.record.paths, filled, documents });
      }
    }
    return builds;
  }

  async #describe(table: TableState): Promise<Table> {
    let bodyBytes: number;
    // Of an unfinished commit they would tell a part.
    do {
      if (this.#state.unfinished !== null) await this.#state.whole();
      bodyBytes = await table.bodyBytes.total(new TimeSlice(this.#clock));
    } while (this.#state.unfinished !== null);
    const { reference, record } = table;
    return {
      id: reference.id,
      name: reference.name,
      settings: { ...storedSettingsOf(record), uniquePaths: uniquePathsOf(table) },
      documentCount: table.liveCount,
      archivedCount: table.archivedCount,
      bodyBytes,
      createdAt: reference.id === defaultTable.id ? null : (record?.createdAt ?? null),
      indexes: Array.from(table.indexes.values(), (index) => toTableIndex(table, index)),
    };
  }
}

function uniquePathsOf({ indexes }: TableState): readonly string[] {
  const paths: string[] = [];
  for (const { record } of indexes.values()) if (isUniquePath(record)) paths.push(...record.paths);
  return paths;
}

/** Whether an index is what a table's setting `uniquePaths` tells of. */
export function isUniquePath({
  unique,
  paths,
}: {
  readonly unique: boolean;
  readonly paths: readonly string[];
}): boolean {
  return unique && paths.length === 1;
}

export function toTableIndex(table: TableState, index: SecondaryIndex): TableIndex {
  const { id, kind, unique, archived, ready, createdAt } = index.record;
  const documents = { EXCLUDE: table.liveCount, ONLY: table.archivedCount, INCLUDE: table.documents.size }[archived];
  return {
    id,
    table: table.reference.name,
    paths: index.paths,
    kind,
    unique,
    archived,
    state: ready ? 'READY' : 'BUILDING',
    filled: index.documentCount,
    documents,
    entries: index.entries,
    createdAt,
  };
}
