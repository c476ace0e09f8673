import type { Document } from '../document/document.ts';
import { DatabaseError } from '../errors.ts';
import { type CommitDraft, type PreparationContext, prepareRecords } from './commit-preparation.ts';
import type { Committer } from './committer.ts';
import { pathsText } from './constraints.ts';
import { TimeSlice } from './history/time-slice.ts';
import type { SecondaryIndex } from './index/secondary-index.ts';
import type { IndexEvent } from './index-event.ts';
import type { IndexRecord } from './log/record.ts';
import type { MemoryLimit } from './memory-limit.ts';
import type { Clock } from './ports/clock.ts';
import type { StagedIndex, Staging } from './staging.ts';
import type { State } from './state.ts';
import type { TableState } from './table-state.ts';

export interface IndexBuilderOptions {
  readonly state: State;
  readonly staging: Staging;
  readonly committer: Committer;
  readonly memory: MemoryLimit;
  readonly clock: Clock;
  readonly onEvent: (event: IndexEvent) => void;
}

/** Who writes the second commit of an index whose filling a start goes on with. */
const builderName = 'yaradb';

/**
 * Fills indexes while reads and writes go on. From its first commit on an index follows what is written; what was there before is put in here, in the order of
 * creation. Putting a document in twice changes nothing, so neither has to know of the other.
 *
 * Life cycle: `resume` once, `build` at any time, then `close`.
 */
export class IndexBuilder {
  readonly #options: IndexBuilderOptions;
  readonly #abort = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(options: IndexBuilderOptions) {
    this.#options = options;
  }

  /**
   * Fills an index that the state has, and makes it ready, by a commit. What it cannot hold gets it dropped, by a commit, too.
   * @throws {DatabaseError} `UNIQUE_VIOLATION` with `conflictingIds`; `LIMIT_EXCEEDED` for a document with too many keys; `MEMORY_FULL`; `NOT_FOUND` when it was dropped
   *   meanwhile; `OVERLOADED` when the database is being closed: then it is filled after the next start.
   */
  build(principal: string, record: IndexRecord): Promise<void> {
    const running = this.#build(principal, record).finally(() => this.#running.delete(running));
    this.#running.add(running);
    return running;
  }

  /** Goes on with all that were being filled when the database was stopped. */
  resume(): void {
    for (const { record } of this.#options.state.indexes()) {
      // How it ended is told as an event.
      if (!record.ready) this.build(builderName, record).catch(() => undefined);
    }
  }

  /** Gives up what is being filled, and resolves when that is done. */
  async close(): Promise<void> {
    this.#abort.abort(new DatabaseError('OVERLOADED', 'The server is stopping', { retryAfterSeconds: 1 }));
    await Promise.allSettled(this.#running);
  }

  async #build(principal: string, record: IndexRecord): Promise<void> {
    const { clock, onEvent, committer } = this.#options;
    const startedAt = clock.monotonic();
    const { paths } = record;
    const table = this.#tableOf(record);
    const { name } = table.reference;
    try {
      const documents = await this.#fill(table, record);
      await committer.write(principal, (context) =>
        prepareRecords(context, (draft) => {
          const { record: current } = this.#stagedIndex(context, record);
          putIndex(context, draft, { ...current, ready: true });
        }),
      );
      onEvent({ kind: 'indexReady', table: name, paths, documents, milliseconds: clock.monotonic() - startedAt });
    } catch (cause) {
      if (this.#abort.signal.aborted) throw cause;
      const kind = (await this.#drop(principal, record)) ? 'indexRefused' : 'indexLeft';
      onEvent({ kind, table: name, paths, cause });
      throw cause;
    }
  }

  /** @returns how many documents are in it. */
  async #fill(table: TableState, record: IndexRecord): Promise<number> {
    const { clock, memory, committer } = this.#options;
    const slice = new TimeSlice(clock, this.#abort.signal);
    let last: Document | undefined;
    const fillSlice = (): number | null => {
      // It may have been dropped in the pause.
      const index = this.#indexOf(table, record);
      memory.checkRoom();
      for (let at = table.documents.indexAfter(last); ; at += 1) {
        const document = table.documents.at(at);
        if (document === undefined) return index.documentCount;
        this.#checkUnique(index, document);
        index.add(document);
        last = document;
        if (slice.due) return null;
      }
    };
    for (;;) {
      const documents = await committer.between(fillSlice);
      if (documents !== null) return documents;
      await slice.pause();
    }
  }

  #checkUnique(index: SecondaryIndex, document: Document): void {
    const { staging } = this.#options;
    const { record } = index;
    // One that a commit in flight has changed was looked at when that was prepared, and will be in the way of those that come later.
    if (!record.unique || staging.document(document.id) !== document) return;
    for (const other of staging.documentsWithKeysOf({ record, index }, document)) {
      throw notUnique(document, other, record.paths);
    }
  }

  /** Whether it is gone. */
  async #drop(principal: string, record: IndexRecord): Promise<boolean> {
    try {
      await this.#options.committer.write(principal, (context) =>
        prepareRecords(context, (draft) => {
          const isThere = context.staging.indexesOf(record.tableId).some((index) => index.record.id === record.id);
          if (isThere) dropIndex(context, draft, record);
        }),
      );
      return true;
    } catch (error) {
      // Nothing can be written; why it was to be dropped is what the caller has to know.
      if (error instanceof DatabaseError) return false;
      throw error;
    }
  }

  #tableOf(record: IndexRecord): TableState {
    const table = this.#options.state.tableById(record.tableId);
    if (table === undefined) throw droppedMeanwhile(record);
    return table;
  }

  #indexOf(table: TableState, record: IndexRecord): SecondaryIndex {
    const index = this.#options.state.tableById(record.tableId) === table ? table.indexes.get(record.id) : undefined;
    if (index === undefined) throw droppedMeanwhile(record);
    return index;
  }

  #stagedIndex({ staging }: PreparationContext, record: IndexRecord): StagedIndex {
    const index = staging.indexesOf(record.tableId).find((staged) => staged.record.id === record.id);
    if (index === undefined) throw droppedMeanwhile(record);
    return index;
  }
}

/** Writes an index into a commit. */
export function putIndex({ staging }: PreparationContext, { records }: CommitDraft, index: IndexRecord): void {
  staging.putIndex(index);
  records.push({ kind: 'putIndex', index });
}

/** Takes an index out, by a commit. */
export function dropIndex({ staging }: PreparationContext, { records }: CommitDraft, index: IndexRecord): void {
  staging.dropIndex(index);
  records.push({ kind: 'dropIndex', id: index.id });
}

/** Two documents of a table that is to be unique at these paths, and is not. */
export function notUnique(a: Document, b: Document, paths: readonly string[]): DatabaseError {
  const { name } = a.table;
  const path = pathsText(paths);
  return new DatabaseError(
    'UNIQUE_VIOLATION',
    `Table '${name}' cannot take each value of ${path} once: documents ${a.id} and ${b.id} have the same`,
    { table: name, path, conflictingIds: [a.id, b.id] },
  );
}

function droppedMeanwhile({ paths }: IndexRecord): DatabaseError {
  return new DatabaseError('NOT_FOUND', `The index of ${pathsText(paths)} was dropped while it was being filled`, {
    paths,
  });
}
