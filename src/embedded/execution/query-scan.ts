import { type Batch, batchesOf, type DocumentScan } from '../../database/document-scan.ts';
import type { Document } from '../../document/document.ts';
import type { FindQuery } from '../../query/find-query.ts';
import { type ExecutionContext, QueryExecution, type SortedDocuments } from './query-execution.ts';
import type { Walk } from './walk.ts';

/** Documents of a batch. */
const batchDocumentsMax = 1_024;

/** All documents of a query, in the order asked for. What its reader takes between two batches does not count as time that the query took. */
export class QueryScan implements DocumentScan {
  readonly #execution: QueryExecution;
  /** Null when the documents have to be sorted first. */
  readonly #walk: Walk | null;
  #sorted: SortedDocuments | undefined;
  /** Of the sorted ones: the first that is in no batch yet. */
  #index = 0;
  #ended = false;

  constructor(context: ExecutionContext, query: FindQuery) {
    this.#execution = new QueryExecution(context, query, 'find', { kind: 'all' });
    this.#walk = this.#execution.plan.order === 'sort' ? null : this.#execution.walk(1);
  }

  nextBatch(): Batch | Promise<Batch> {
    if (this.#ended) return null;
    this.#execution.resume();
    return this.#walk === null ? this.#sortedBatch() : this.#walkedBatch(this.#walk);
  }

  [Symbol.asyncIterator](): AsyncGenerator<readonly Document[]> {
    return batchesOf(this);
  }

  /** Small lists are one batch, which is there at once unless other scans have their turn. */
  #walkedBatch(walk: Walk): Batch | Promise<Batch> {
    const turn = this.#execution.turn();
    const batch = turn === undefined ? this.#slice(walk) : undefined;
    return batch === undefined ? this.#laterBatch(walk, turn ?? this.#execution.turn()) : batch;
  }

  async #laterBatch(walk: Walk, begun: Promise<void> | undefined): Promise<Batch> {
    for (let turn = begun; ; turn = this.#execution.turn()) {
      await turn;
      const batch = this.#slice(walk);
      if (batch !== undefined) return batch;
    }
  }

  /** Undefined when nothing was found, and there is more to look through. */
  #slice(walk: Walk): Batch | undefined {
    const batch: Document[] = [];
    const result = this.#execution.slice(walk, (document) => batch.push(document) >= batchDocumentsMax);
    this.#ended = result === 'ended';
    return this.#ended || batch.length > 0 ? this.#give(batch) : undefined;
  }

  async #sortedBatch(): Promise<Batch> {
    this.#sorted ??= await this.#execution.sorted();
    await this.#execution.turn();
    const { size, at } = this.#sorted;
    const start = this.#index;
    this.#index = Math.min(size, start + batchDocumentsMax);
    this.#ended = this.#index === size;
    return this.#give(Array.from({ length: this.#index - start }, (_, offset) => at(start + offset)));
  }

  #give(batch: readonly Document[]): Batch {
    if (this.#ended) this.#execution.end(batch.length);
    else this.#execution.pause(batch.length);
    return batch.length === 0 ? null : batch;
  }
}
