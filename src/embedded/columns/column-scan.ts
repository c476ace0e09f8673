import type { Document } from '../../document/document.ts';
import type { Column, ColumnPredicate } from '../../query/column-predicate.ts';
import type { Filter } from '../../query/filter.ts';
import { compileColumnSearch, compileSearch } from '../../query/filter-compiler.ts';
import type { Archived } from '../../query/find-query.ts';
import type { Predicate } from '../../query/predicate-factory.ts';
import type { ChunkFacts } from './chunk-facts.ts';
import type { ListColumn } from './list-column.ts';
import type { ListColumns } from './list-columns.ts';

type Search = Pick<Predicate, 'search' | 'count'>;

/**
 * Looks through the chunks of a list by the columns of a filter's paths, each of which it makes as it comes to the chunk. Where there is no room for one it looks
 * at the documents.
 */
export class ColumnScan implements Search {
  readonly #list: ListColumns;
  readonly #filter: Filter;
  readonly #archived: Archived;
  readonly #columns: readonly ListColumn[];
  #byColumns: ColumnPredicate | undefined;
  /** How many texts had bits in its columns when that was made. */
  #bitCount = 0;
  #byDocuments: Search | undefined;
  /** The chunk that it was in last, and how many documents it had: most often it is the next one, too. */
  #chunk: readonly Document[] | null = null;
  #size = 0;
  #version = 0;
  #facts: ChunkFacts | null = null;
  #entries: readonly Column[] = [];

  constructor(list: ListColumns, filter: Filter, archived: Archived, columns: readonly ListColumn[]) {
    this.#list = list;
    this.#filter = filter;
    this.#archived = archived;
    this.#columns = columns;
  }

  readonly search: Search['search'] = (chunk, start, end, step) => {
    const facts = this.#goTo(chunk);
    if (facts === null) return this.#documentSearch().search(chunk, start, end, step);
    return this.#columnSearch().search(chunk, this.#entries, facts.areAll(this.#archived), start, end, step);
  };

  readonly count: Search['count'] = (chunk, start, end, sequence) => {
    const facts = this.#goTo(chunk);
    if (facts === null) return this.#documentSearch().count(chunk, start, end, sequence);
    const isSure = facts.sequenceMax <= sequence && facts.areAll(this.#archived);
    return this.#columnSearch().count(chunk, this.#entries, isSure, start, end, sequence);
  };

  /** Sets the entries of a chunk. @returns what is known of it; null when there are no columns of it. */
  #goTo(chunk: readonly Document[]): ChunkFacts | null {
    const isThere = chunk === this.#chunk && chunk.length === this.#size && this.#version === this.#list.version;
    return isThere ? this.#facts : this.#enter(chunk);
  }

  #enter(chunk: readonly Document[]): ChunkFacts | null {
    const facts = this.#list.facts(chunk);
    const entries: Column[] = [];
    for (const column of this.#columns) {
      const some = column.entries(chunk);
      if (some === null) break;
      entries.push(some);
    }
    this.#chunk = chunk;
    this.#size = chunk.length;
    this.#version = this.#list.version;
    this.#entries = entries;
    this.#facts = entries.length === this.#columns.length ? facts : null;
    return this.#facts;
  }

  #columnSearch(): ColumnPredicate {
    let bitCount = 0;
    for (const { bits } of this.#columns) bitCount += bits.size;
    if (this.#byColumns === undefined || bitCount !== this.#bitCount) {
      this.#byColumns = compileColumnSearch(this.#filter, this.#archived, this.#columns);
      this.#bitCount = bitCount;
    }
    return this.#byColumns;
  }

  #documentSearch(): Search {
    this.#byDocuments ??= compileSearch(this.#filter, this.#archived);
    return this.#byDocuments;
  }
}
