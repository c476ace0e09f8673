import { isDeepStrictEqual } from 'node:util';
import type { Commit, Operation } from '../../../src/database/operation.ts';
import type { Document } from '../../../src/document/document.ts';
import type { CommitRecord } from '../../../src/embedded/log/record.ts';
import { assertThat } from './assert-that.ts';
import { documentsOf } from './documents-of.ts';

/** A request that a client makes with a key, again and again. */
export interface KeyedRequest {
  readonly key: string;
  readonly operations: readonly Operation[];
}

/** So many are made again. */
const requestsMax = 12;

/**
 * What clients know of requests with idempotency keys. After every recovery it is held against the log:
 *
 * - no key has made two commits;
 * - a replay told of the commit that the same operations under the same key have made, with its documents; of one whose documents are
 *   not kept as they were, that it was made;
 * - a key was refused only when other operations under it have made a commit.
 */
export class KeyLedger {
  /** Some that were made, whatever came of them. */
  readonly requests: KeyedRequest[] = [];
  /** By sequence: the operations of every commit that is there. */
  readonly operations = new Map<number, readonly Operation[]>();
  #replays: { readonly request: KeyedRequest; readonly commit: Commit }[] = [];
  #refused: KeyedRequest[] = [];
  replayed = 0;

  add(request: KeyedRequest): void {
    this.requests.push(request);
    if (this.requests.length > requestsMax) this.requests.shift();
  }

  replay(request: KeyedRequest, commit: Commit): void {
    this.replayed += 1;
    this.#replays.push({ request, commit });
  }

  refuse(request: KeyedRequest): void {
    this.#refused.push(request);
  }

  /** What was known of later commits was of ones that are lost; which keys were refused for those, nobody knows. */
  forgetAfter(sequence: number): void {
    this.#replays = this.#replays.filter(({ commit }) => (commit.sequence ?? 0) <= sequence);
    this.#refused = [];
  }

  /**
   * @param gone ids of documents and names of tables that somebody may have erased since the last recovery, by a commit that may be lost; null
   *   where any change may be.
   */
  check(history: readonly CommitRecord[], gone: ReadonlySet<string> | null): void {
    const byKey = new Map<string, CommitRecord>();
    for (const commit of history) {
      if (commit.idempotencyKey === null) continue;
      const other = byKey.get(commit.idempotencyKey)?.sequence;
      assertThat(other === undefined, `commits ${other} and ${commit.sequence} have one idempotency key`);
      byKey.set(commit.idempotencyKey, commit);
    }
    for (const { request, commit } of this.#replays) {
      const made = byKey.get(request.key);
      this.#checkReplay(request, commit, made);
      if (made === undefined || commit.documentsGone === undefined || gone === null) continue;
      checkGone(made, commit, history, gone);
    }
    for (const { key, operations } of this.#refused) {
      const made = byKey.get(key);
      assertThat(
        made !== undefined && !isDeepStrictEqual(this.operations.get(made.sequence), operations),
        `key ${key} was refused for nothing`,
      );
    }
    this.#replays = [];
    this.#refused = [];
  }

  #checkReplay(
    { key, operations }: KeyedRequest,
    { sequence, committedAt, documents, documentsGone }: Commit,
    made: CommitRecord | undefined,
  ): void {
    assertThat(
      made !== undefined && made.sequence === sequence && made.committedAt === committedAt,
      `key ${key} was replayed as commit ${sequence}, and has made ${made?.sequence}`,
    );
    assertThat(
      isDeepStrictEqual(this.operations.get(made.sequence), operations),
      `commit ${sequence} was replayed for other operations`,
    );
    assertThat(
      documentsGone !== undefined || isDeepStrictEqual(documents, writtenBy(made)),
      `commit ${sequence} was replayed with other documents`,
    );
  }
}

/** Null for each that was erased. */
function writtenBy({ records }: CommitRecord): (Document | null)[] {
  return records.flatMap((record): (Document | null)[] => {
    if (record.kind === 'putDocument') return [record.document];
    return record.kind === 'eraseDocument' ? [null] : [];
  });
}

/** What has changed since may have been erased, or be older than the history that is kept. */
function checkGone(
  made: CommitRecord,
  { documentsGone }: Commit,
  history: readonly CommitRecord[],
  gone: ReadonlySet<string>,
): void {
  const left = documentsOf(history);
  const hasChanged = writtenBy(made).some(
    (document) =>
      document === null || !left.includes(document) || gone.has(document.id) || gone.has(document.table.name),
  );
  assertThat(hasChanged, `commit ${made.sequence} is there as it was, but it was answered: ${documentsGone?.message}`);
}
