import type { Document } from '../../document/document.ts';
import { type ColumnSource, columnSources } from '../../query/column-predicate.ts';
import type { Filter } from '../../query/filter.ts';
import type { Archived } from '../../query/find-query.ts';
import type { Predicate } from '../../query/predicate-factory.ts';
import { ChunkFacts } from './chunk-facts.ts';
import type { ColumnMemory } from './column-memory.ts';
import { ColumnScan } from './column-scan.ts';
import { ListColumn } from './list-column.ts';

/** A scan of fewer documents takes a few microseconds as it is. */
const documentsMin = 1_000;
/** Whoever replaces a document puts its values into each. More than a filter has paths, so that a scan drops none of its own. */
const columnsMax = 32;
/** So many that were asked for are remembered. */
const askedMax = 100;

/**
 * The columns of a list of documents: for each path that scans ask for again, the values that are there, and of texts their fingerprints. A scan of documents is bound by
 * memory: of each it reads the document, the body and what is in it, some hundred bytes, where a column takes eight.
 */
export class ListColumns {
  readonly #memory: ColumnMemory;
  /** By their names. */
  readonly #columns = new Map<string, ListColumn>();
  /** When each was asked for last that is not there. */
  readonly #asked = new Map<string, number>();
  readonly #facts = new Map<readonly Document[], ChunkFacts>();
  #closed = false;
  /** Changes whenever entries that were given may not be those of their documents any more. */
  version = 0;

  constructor(memory: ColumnMemory) {
    this.#memory = memory;
  }

  /** A search of the list by its columns; null when there are none for the filter, as when it is asked for the first time. */
  scan(filter: Filter, archived: Archived, size: number): Pick<Predicate, 'search' | 'count'> | null {
    if (this.#closed || size < documentsMin || this.#memory.bytesMax === 0) return null;
    const sources = columnSources(filter);
    if (sources === null) return null;
    const asked = sources.map((source) => this.#ask(source));
    if (!asked.every((before) => before !== undefined)) return null;
    const columns = sources.map(
      (source, index) => this.#columns.get(source.name) ?? this.#make(source, asked[index] ?? 0),
    );
    return new ColumnScan(this, filter, archived, columns);
  }

  /** What is known of a chunk's documents beside their bodies. */
  facts(chunk: readonly Document[]): ChunkFacts {
    let facts = this.#facts.get(chunk);
    if (facts === undefined) {
      facts = new ChunkFacts();
      this.#facts.set(chunk, facts);
    }
    facts.extend(chunk);
    return facts;
  }

  /** A document of a chunk was replaced by its next version. */
  replace(chunk: readonly Document[], index: number, previous: Document, document: Document): void {
    this.#facts.get(chunk)?.replace(index, previous, document);
    for (const column of this.#columns.values()) column.replace(chunk, index, document);
  }

  /** A chunk has other documents than it had, or they stand elsewhere in it. */
  forget(chunk: readonly Document[]): void {
    if (!this.#facts.delete(chunk)) return;
    this.version += 1;
    for (const column of this.#columns.values()) column.forget(chunk);
  }

  /** All chunks have other documents than they had. */
  clear(): void {
    for (const column of this.#columns.values()) column.drop();
    this.#facts.clear();
    this.version += 1;
  }

  /** The list is not part of the database any more: there are no columns from here on. */
  close(): void {
    this.#closed = true;
    this.clear();
  }

  /** Notes that a column is asked for. @returns when it was before; undefined for never. */
  #ask(source: ColumnSource): number | undefined {
    const column = this.#columns.get(source.name);
    if (column !== undefined) {
      column.use();
      return column.usedBefore;
    }
    const askedBefore = this.#asked.get(source.name);
    this.#remember(source, this.#memory.nextUse());
    return askedBefore;
  }

  #make(source: ColumnSource, askedBefore: number): ListColumn {
    if (this.#columns.size >= columnsMax) this.#dropOldest();
    this.#asked.delete(source.name);
    const column = new ListColumn(source, askedBefore, this.#memory, () => {
      this.#columns.delete(source.name);
      this.#remember(source, column.usedAt);
      this.version += 1;
    });
    this.#columns.set(source.name, column);
    return column;
  }

  #dropOldest(): void {
    let oldest: ListColumn | undefined;
    for (const column of this.#columns.values()) {
      if (oldest === undefined || column.usedAt < oldest.usedAt) oldest = column;
    }
    oldest?.drop();
  }

  #remember({ name }: ColumnSource, askedAt: number): void {
    this.#asked.delete(name);
    this.#asked.set(name, askedAt);
    for (const forgotten of this.#asked.keys()) {
      if (this.#asked.size <= askedMax) break;
      this.#asked.delete(forgotten);
    }
  }
}
