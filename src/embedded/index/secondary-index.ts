import { canonicalize } from '../../document/canonical-json.ts';
import type { Document } from '../../document/document.ts';
import { type Path, parsePath } from '../../document/path.ts';
import { ordersByCodeUnit } from '../../document/value-order.ts';
import { admits } from '../admits.ts';
import type { TimeSlice } from '../history/time-slice.ts';
import type { IndexRecord } from '../log/record.ts';
import { HashGroups, isList } from './hash-groups.ts';
import { type IndexKey, IndexKeys } from './index-keys.ts';
import { LiteralKeys } from './literal-keys.ts';
import { sortInSlices } from './sliced-sort.ts';
import { type Entry, SortedEntries } from './sorted-entries.ts';

/**
 * An index in memory, of documents of one table as they are now. What is in it is decided by the documents alone, so putting one that is in
 * it and removing one that is not change nothing.
 */
export class SecondaryIndex {
  #record: IndexRecord;
  readonly paths: readonly Path[];
  readonly keys: IndexKeys;
  /** Exactly one of the two is there, as the kind says. */
  readonly sorted: SortedEntries | null;
  readonly groups: HashGroups | null;
  readonly literalKeys: LiteralKeys;
  /** For each path, how many documents have a list there or on the way. */
  readonly #listCounts: number[];
  /**
   * Of a unique index: the entries of unique keys with a null in them. Among the other entries null also stands for what is missing, of
   * any number of documents.
   */
  readonly #uniqueNulls = new HashGroups();
  #documentCount = 0;

  /** An empty one. @throws {InvalidArgumentError} for a path that is none, which no record holds. */
  constructor(record: IndexRecord) {
    this.#record = record;
    this.paths = record.paths.map((text) => parsePath(text, 'path'));
    this.keys = new IndexKeys(this.paths);
    this.sorted = record.kind === 'ORDERED' ? new SortedEntries(this.keys) : null;
    this.groups = record.kind === 'HASH' ? new HashGroups() : null;
    this.literalKeys = new LiteralKeys(this.paths);
    this.#listCounts = this.paths.map(() => 0);
  }

  get record(): IndexRecord {
    return this.#record;
  }

  /** When it was filled, or the record is written again: same id, paths, kind, and documents. */
  set record(record: IndexRecord) {
    this.#record = record;
  }

  /** Keys of documents in it. */
  get entries(): number {
    return this.sorted?.size ?? this.groups?.size ?? 0;
  }

  /** Documents in it. */
  get documentCount(): number {
    return this.#documentCount;
  }

  /** About how many bytes it takes in memory, besides the documents. */
  get bytes(): number {
    const literalBytes = this.literalKeys.size * 12;
    if (this.sorted !== null) {
      return literalBytes + this.sorted.size * (this.keys.width === 1 ? 28 : 80 + 8 * this.keys.width);
    }
    const groups = this.groups;
    if (groups === null) return literalBytes;
    const keyBytes = groups.keyCount * (this.keys.width === 1 ? 40 : 128);
    return literalBytes + keyBytes + (groups.size - groups.keyCount) * 12;
  }

  /**
   * Whether any document in it has a list at the path of this number, or on the way. Then one may have several keys, and two bounds be met by
   * different ones.
   */
  hasLists(path: number): boolean {
    return (this.#listCounts[path] ?? 0) > 0;
  }

  /** Whether the document is one of those that are in it. */
  admits(document: Document): boolean {
    return admits(this.#record.archived, document);
  }

  /**
   * Whether `add` will take the document. @throws {LimitExceededError} when it has too many combinations of keys: to be asked before a
   * commit is written.
   */
  check(document: Document): void {
    if (this.keys.width > 1 && this.admits(document)) this.keys.of(document);
  }

  /** Puts a document in, if it is one of those that are in it, or a version in the place of one with the same keys. */
  add(document: Document): void {
    if (!this.admits(document)) return;
    this.literalKeys.put(document);
    this.#put(document, this.keys.of(document));
  }

  remove(document: Document): void {
    if (!this.admits(document)) return;
    this.literalKeys.remove(document);
    this.#remove(document, this.keys.of(document));
  }

  /** As `remove(previous)` and `add(next)`, in less time where keys stay: most changes leave most indexes as they are. */
  replace(previous: Document, next: Document): void {
    if (!this.admits(previous) || !this.admits(next)) {
      this.remove(previous);
      this.add(next);
      return;
    }
    this.literalKeys.replace(previous, next);
    const before = this.keys.of(previous);
    const after = this.keys.of(next);
    if (before.length === 1 && after.length === 1 && this.keys.compare(before[0], after[0]) === 0) {
      // One key, so none more at any path either: only a null may have come for what was missing, or a list on the way, or have gone.
      if (this.#record.unique) this.#removeUniqueNulls(previous);
      const wasThere = !this.#put(next, after);
      if (wasThere && this.keys.mayHideLists) {
        this.#countLists(previous, -1);
        this.#countLists(next, 1);
      }
      return;
    }
    this.#remove(previous, before);
    this.#put(next, after);
  }

  /**
   * Fills an empty index, many times as fast as adding one document after the other, for whom nobody waits who wants to change it: nothing
   * may be added or removed before the promise resolves.
   * @throws {LimitExceededError} as `check`; the slice's reason when the work is to stop.
   */
  async fill(documents: Iterable<Document>, slice: TimeSlice): Promise<void> {
    if (this.entries > 0) throw new Error(`index ${this.#record.id} is to be filled, but has entries`);
    const { sorted } = this;
    const entries: Entry[] = [];
    for (const document of documents) {
      if (slice.due) await slice.pause();
      if (!this.admits(document)) continue;
      const keys = this.keys.of(document);
      this.literalKeys.put(document);
      if (sorted === null) {
        this.#put(document, keys);
        continue;
      }
      for (const key of keys) entries.push({ key, document });
      this.#count(document, keys, 1);
    }
    if (sorted === null) return;
    // The documents come in the order of creation, and the sort is stable: ties need no look at the documents.
    const compare = await this.#comparisonOf(entries, slice);
    const order = await sortInSlices(
      entries.length,
      (a, b) => compare(entryAt(entries, a), entryAt(entries, b)),
      () => (slice.due ? slice.pause() : undefined),
    );
    for (const number of order) {
      if (slice.due) await slice.pause();
      const { key, document } = entryAt(entries, number);
      sorted.append(key, document);
    }
  }

  /** Where all keys are numbers, or texts that the machine can compare by itself, a sort takes half the time. */
  async #comparisonOf(entries: readonly Entry[], slice: TimeSlice): Promise<(a: Entry, b: Entry) => number> {
    const types = new Set<string>();
    for (const { key } of entries) {
      if (slice.due) await slice.pause();
      types.add(typeof key !== 'string' || ordersByCodeUnit(key) ? typeof key : 'other');
      if (types.size > 1) break;
    }
    const [type] = types;
    if (types.size === 1 && (type === 'number' || type === 'string')) {
      return ({ key: a = null }, { key: b = null }) => (a === null || b === null || a === b ? 0 : a < b ? -1 : 1);
    }
    return (a, b) => this.keys.compare(a.key, b.key);
  }

  /** The documents in it with this key, in the order of creation. Good until the index changes. */
  documentsOf(key: IndexKey): Iterable<Document> {
    return this.sorted !== null ? documentsBetween(this.sorted, key) : documentsOfGroup(this.groups, this.keys, key);
  }

  /**
   * The other live documents in it that share a key with this one which a unique index gives to one document only: none when this one is
   * archived. Each may come more than once.
   */
  *documentsWithKeysOf(document: Document): Iterable<Document> {
    if (document.archivedAt !== null) return;
    for (const key of this.keys.unique(document)) {
      const components = this.keys.components(key);
      const found =
        this.#record.unique && components.includes(null)
          ? documentsOfGroup(this.#uniqueNulls, this.keys, key)
          : this.documentsOf(key);
      for (const other of found) if (other.id !== document.id && other.archivedAt === null) yield other;
    }
  }

  /** The keys that a unique index gives to this document only, as texts: equal keys, and no others, have equal texts. */
  uniqueKeyTexts(document: Document): readonly string[] {
    if (document.archivedAt !== null) return [];
    return this.keys.unique(document).map((key) => canonicalize(this.keys.components(key).map((part) => part ?? null)));
  }

  /** Whether the document was not there in any version. */
  #put(document: Document, keys: readonly IndexKey[]): boolean {
    let isNew = false;
    for (const key of keys) {
      const added =
        this.sorted !== null ? this.sorted.put(key, document) : this.groups?.put(this.keys.components(key), document);
      if (added) isNew = true;
    }
    if (isNew) this.#count(document, keys, 1);
    else if (this.#record.unique) this.#putUniqueNulls(document);
    return isNew;
  }

  #remove(document: Document, keys: readonly IndexKey[]): void {
    let wasThere = false;
    for (const key of keys) {
      const removed =
        this.sorted !== null
          ? this.sorted.remove(key, document)
          : this.groups?.remove(this.keys.components(key), document);
      if (removed) wasThere = true;
    }
    if (wasThere) this.#count(document, keys, -1);
  }

  #count(document: Document, keys: readonly IndexKey[], sign: 1 | -1): void {
    this.#documentCount += sign;
    if (keys.length > 1 || this.keys.mayHideLists) this.#countLists(document, sign);
    if (!this.#record.unique) return;
    if (sign === 1) this.#putUniqueNulls(document);
    else this.#removeUniqueNulls(document);
  }

  #countLists(document: Document, sign: 1 | -1): void {
    for (const [index, isList] of this.keys.lists(document).entries()) {
      if (isList) this.#listCounts[index] = (this.#listCounts[index] ?? 0) + sign;
    }
  }

  #putUniqueNulls(document: Document): void {
    for (const components of this.#uniqueNullsOf(document)) this.#uniqueNulls.put(components, document);
  }

  #removeUniqueNulls(document: Document): void {
    for (const components of this.#uniqueNullsOf(document)) this.#uniqueNulls.remove(components, document);
  }

  #uniqueNullsOf(document: Document) {
    return this.keys
      .unique(document)
      .map((key) => this.keys.components(key))
      .filter((components) => components.includes(null));
  }
}

function entryAt(entries: readonly Entry[], number: number): Entry {
  const entry = entries[number];
  if (entry === undefined) throw new RangeError(`there is no entry ${number} among ${entries.length}`);
  return entry;
}

function* documentsBetween(entries: SortedEntries, key: IndexKey): Iterable<Document> {
  let { chunk, index } = entries.placeOfKey(key, false);
  let remaining = entries.countBetween({ chunk, index }, entries.placeOfKey(key, true));
  for (; remaining > 0; remaining--) {
    if (index >= (entries.chunk(chunk)?.documents.length ?? 0)) {
      chunk += 1;
      index = 0;
    }
    const document = entries.chunk(chunk)?.documents[index++];
    if (document !== undefined) yield document;
  }
}

function* documentsOfGroup(groups: HashGroups | null, keys: IndexKeys, key: IndexKey): Iterable<Document> {
  const group = groups?.get(keys.components(key));
  if (group === undefined) return;
  if (!isList(group)) {
    yield group;
    return;
  }
  for (let index = 0; index < group.size; index++) {
    const document = group.at(index);
    if (document !== undefined) yield document;
  }
}
