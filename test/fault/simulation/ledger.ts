import { isDeepStrictEqual } from 'node:util';
import type { Commit } from '../../../src/database/operation.ts';
import type { Principal } from '../../../src/database/principal.ts';
import { allRights } from '../../../src/database/rights.ts';
import type { Document } from '../../../src/document/document.ts';
import type { CommitRecord } from '../../../src/embedded/log/record.ts';
import { assertThat } from './assert-that.ts';
import { documentsOf } from './documents-of.ts';
import { type KeyedRequest, KeyLedger } from './key-ledger.ts';
import { Model } from './model.ts';
import { erasedIds, type Request } from './request.ts';

/** Something that a client asked for, and what it knows of it. */
export interface Attempt {
  readonly request: Request;
  /** Of this attempt alone, or of those with its idempotency key, so that every commit tells where it comes from. */
  readonly principal: Principal;
  /** The newest commit that any client knew of when this one was sent: its own comes later. */
  readonly knownBefore: number;
  /** `done` by a commit whose sequence the answer does not tell. */
  outcome: 'unknown' | 'refused' | 'done' | Commit;
  /** The index that the answer told of. */
  indexId: string | null;
}

/** What a reader saw at one moment: everything, as of a sequence. */
interface SeenState {
  readonly sequence: number;
  readonly documents: readonly Document[];
}

/** The same, seen later. What was erased in between is not shown. */
interface SeenPast extends SeenState {
  /** What was erased by then, and by commits that were under way. */
  readonly erased: ReadonlySet<string>;
}

/**
 * Everything that the clients of a database know: what they asked for, were told and read. After every recovery it is held against
 * what the log gives back, which is the promise:
 *
 * - every commit that was acknowledged is there, with its sequence and its documents;
 * - every version that was read is there, and every state that was read was the state at its sequence;
 * - a commit whose outcome is unknown is whole or absent, one that was refused is absent, and there is no other;
 * - what was there after an earlier recovery is there for ever;
 * - the past, while it is kept, is what was the present.
 */
export class Ledger {
  /** As of the last recovery. */
  readonly model = new Model();
  readonly keys = new KeyLedger();
  readonly #history: CommitRecord[] = [];
  #attempts: Attempt[] = [];
  #made = 0;
  #seenDocuments: Document[] = [];
  #seenStates: SeenState[] = [];
  #seenPasts: SeenPast[] = [];
  #seenIds: string[] = [];
  /** Documents that somebody may have taken away since the last recovery. */
  readonly #erased = new Set<string>();
  /** Tables that somebody may have dropped since then. */
  readonly #dropped = new Set<string>();
  /** The newest commit that anybody was told of or has read. */
  #known = 0;
  /** The newest version of each document that a client knows. */
  readonly current = new Map<string, Document>();
  acknowledged = 0;
  /** What was erased by commits up to this one is said to be in no file. */
  #erasedOnDiskUpTo = 0;

  get known(): number {
    return this.#known;
  }

  begin(request: Request): Attempt {
    this.#made += 1;
    const key = request.kind === 'commit' ? request.key : null;
    const principal = { name: key === null ? `attempt ${this.#made}` : `key ${key}`, rights: allRights };
    const attempt: Attempt = { request, principal, knownBefore: this.#known, outcome: 'unknown', indexId: null };
    this.#attempts.push(attempt);
    for (const id of erasedIds(request)) this.#erased.add(id);
    if (request.kind === 'dropTable') this.#dropped.add(request.table);
    return attempt;
  }

  acknowledge(attempt: Attempt, commit: Commit): void {
    attempt.outcome = commit;
    this.acknowledged += 1;
    for (const document of commit.documents) this.seeDocument(document);
    for (const id of erasedIds(attempt.request)) this.current.delete(id);
    if (commit.sequence === null) return;
    assertThat(
      commit.sequence > attempt.knownBefore,
      `commit ${commit.sequence} was given after ${attempt.knownBefore} was known`,
    );
    this.seeSequence(commit.sequence);
  }

  /** A change of tables or indexes was answered. */
  acknowledgeChange(attempt: Attempt, indexId: string | null): void {
    attempt.outcome = 'done';
    attempt.indexId = indexId;
    this.acknowledged += 1;
  }

  /** A client was told of the commit that the request had made before. */
  replay(attempt: Attempt, request: KeyedRequest, commit: Commit): void {
    attempt.outcome = 'refused';
    assertThat(commit.sequence !== null, `key ${request.key} was replayed as no commit`);
    this.keys.replay(request, commit);
    this.seeSequence(commit.sequence);
  }

  refuse(attempt: Attempt): void {
    attempt.outcome = 'refused';
  }

  seeSequence(sequence: number): void {
    this.#known = Math.max(this.#known, sequence);
  }

  /** A client read this version. */
  seeDocument(document: Document): void {
    this.seeSequence(document.sequence);
    const before = this.current.get(document.id);
    if (before === undefined || before.sequence <= document.sequence) this.current.set(document.id, document);
    this.#seenDocuments.push(document);
  }

  /** A client read everything through one view. */
  seeState(sequence: number, documents: readonly Document[]): void {
    this.seeSequence(sequence);
    if (sequence > this.model.sequence) this.#seenStates.push({ sequence, documents });
    else this.#checkState(documents);
  }

  /** A client read everything as of an older sequence. */
  seePast(sequence: number, documents: readonly Document[]): void {
    this.#seenPasts.push({ sequence, documents, erased: new Set(this.#erased) });
  }

  /** A client was told that there is a document with this id. */
  seeId(id: string): void {
    this.#seenIds.push(id);
  }

  /** An operator was told so. */
  seeErasedOnDisk(upTo: number): void {
    this.#erasedOnDiskUpTo = Math.max(this.#erasedOnDiskUpTo, upTo);
  }

  /** Numbers, one of each body, that must not be in any file any more. As of the last recovery. */
  erasedOnDisk(): readonly number[] {
    const numbers = new Map<string, Set<number>>();
    const erased: number[] = [];
    for (const { sequence, records } of this.#history) {
      if (sequence > this.#erasedOnDiskUpTo) break;
      for (const record of records) {
        if (record.kind === 'eraseDocument') {
          erased.push(...(numbers.get(record.id) ?? []));
          numbers.delete(record.id);
        }
        if (record.kind !== 'putDocument') continue;
        const { id, body } = record.document;
        numbers.set(id, (numbers.get(id) ?? new Set()).add(Number(body.by)));
      }
    }
    return erased;
  }

  /** A client read the document or found none, having known `before`. */
  checkRead(before: Document | undefined, read: Document | null): void {
    if (read !== null) this.seeDocument(read);
    if (before === undefined || (read === null && this.#mayBeGone(before))) return;
    assertThat(
      read !== null && read.sequence >= before.sequence,
      `document ${before.id} was read as of commit ${read?.sequence} after ${before.sequence}`,
    );
  }

  /**
   * Holds the commits that the log has against all of it. At durability `interval` a power cut may have taken the newest of those
   * that were written since the last recovery: `lossAllowed`.
   * @throws when the promise is broken.
   */
  checkRecovered(commits: readonly CommitRecord[], lossAllowed = false): void {
    for (const [index, before] of this.#history.entries()) {
      assertThat(isDeepStrictEqual(commits[index], before), `commit ${index + 1} is gone or another than it was`);
    }
    if (lossAllowed) this.#forgetAfter(commits.length);
    assertThat(commits.length >= this.#known, `of ${this.#known} known commits ${commits.length} are left`);
    const seen = Map.groupBy(this.#seenStates, ({ sequence }) => sequence);
    const found = new Set<Attempt>();
    const byPrincipal = Map.groupBy(this.#attempts, ({ principal }) => principal.name);
    for (const commit of commits.slice(this.#history.length)) {
      const attempt = this.#attemptOf(commit, byPrincipal.get(commit.principal) ?? []);
      this.#checkAttempt(commit, attempt, attempt !== undefined && found.has(attempt));
      if (attempt !== undefined) found.add(attempt);
      this.#apply(commit, attempt);
      this.#history.push(commit);
      for (const { documents } of seen.get(commit.sequence) ?? []) this.#checkState(documents);
    }
    for (const attempt of this.#attempts) this.#checkFound(attempt, found.has(attempt), lossAllowed);
    this.#checkPasts();
    this.#checkSeen();
    this.keys.check(this.#history, lossAllowed ? null : new Set([...this.#erased, ...this.#dropped]));
    this.#known = commits.length;
    this.#attempts = [];
    this.#seenDocuments = [];
    this.#seenStates = [];
    this.#seenPasts = [];
    this.#seenIds = [];
    this.#erased.clear();
    this.#dropped.clear();
    this.current.clear();
    for (const document of this.model.documents.values()) this.current.set(document.id, document);
  }

  /** What was known of later commits was of ones that are lost. */
  #forgetAfter(sequence: number): void {
    this.#known = Math.min(this.#known, sequence);
    this.#seenDocuments = this.#seenDocuments.filter((document) => document.sequence <= sequence);
    this.#seenStates = this.#seenStates.filter((state) => state.sequence <= sequence);
    this.#seenPasts = [];
    this.#seenIds = [];
    this.keys.forgetAfter(sequence);
  }

  /** The one of several under one idempotency key that has made the commit: that which was told so, or one that nobody was told of. */
  #attemptOf(commit: CommitRecord, attempts: readonly Attempt[]): Attempt | undefined {
    const told = attempts.find(({ outcome }) => typeof outcome === 'object' && outcome.sequence === commit.sequence);
    if (told !== undefined || attempts.length < 2) return told ?? attempts[0];
    return (
      attempts.find(
        ({ outcome, knownBefore, request }) =>
          outcome === 'unknown' && commit.sequence > knownBefore && this.model.accepts(commit, request),
      ) ?? attempts[0]
    );
  }

  #mayBeGone({ id, table }: Document): boolean {
    return this.#erased.has(id) || this.#dropped.has(table.name);
  }

  /** A commit is what one client has asked for, or what the engine goes on with. The filling of an index is a second commit of the first's. */
  #checkAttempt(commit: CommitRecord, attempt: Attempt | undefined, isSecond: boolean): void {
    if (attempt === undefined) return;
    const { sequence, principal } = commit;
    const { outcome, knownBefore, request } = attempt;
    assertThat(!isSecond || request.kind === 'createIndex', `${principal} was committed twice, at last as ${sequence}`);
    assertThat(outcome !== 'refused', `commit ${sequence} is there, and was refused`);
    assertThat(sequence > knownBefore, `commit ${sequence} was asked for when ${knownBefore} was known`);
    if (typeof outcome !== 'object') return;
    assertThat(outcome.sequence === sequence, `commit ${outcome.sequence}, acknowledged, is commit ${sequence}`);
  }

  /** What was acknowledged is there. */
  #checkFound({ outcome, indexId, principal }: Attempt, isThere: boolean, lossAllowed: boolean): void {
    const isCommit = outcome === 'done' || (typeof outcome === 'object' && outcome.sequence !== null);
    if (!isCommit || lossAllowed) return;
    assertThat(isThere, `${principal.name}, acknowledged, is gone`);
    assertThat(indexId === null || this.model.catalog.wasFilled(indexId), `index ${indexId} was said to be filled`);
  }

  #apply(commit: CommitRecord, attempt: Attempt | undefined): void {
    const documents = this.model.apply(commit, attempt?.request);
    if (attempt?.request.kind === 'commit') this.keys.operations.set(commit.sequence, attempt.request.operations);
    assertThat(typeof documents !== 'string', `commit ${commit.sequence} of ${commit.principal}: ${documents}`);
    const outcome = attempt?.outcome;
    if (typeof outcome !== 'object') return;
    assertThat(
      outcome.committedAt === commit.committedAt && isDeepStrictEqual(outcome.documents, documents),
      `commit ${commit.sequence} is another than was acknowledged`,
    );
  }

  /** Each is what there was at its sequence, but for what was erased later. */
  #checkPasts(): void {
    for (const { sequence, documents, erased } of this.#seenPasts) {
      const shown = new Set(documents.map(({ id }) => id));
      const later = this.#history.slice(sequence).flatMap(({ records }) => records);
      const gone = new Set(later.flatMap((record) => (record.kind === 'eraseDocument' ? [record.id] : [])));
      const expected = documentsOf(this.#history.slice(0, sequence)).filter(
        ({ id }) => shown.has(id) || !(gone.has(id) || erased.has(id)),
      );
      assertThat(isDeepStrictEqual(documents, expected), `the past of commit ${sequence} is another than it was`);
    }
  }

  #checkState(documents: readonly Document[]): void {
    assertThat(
      isDeepStrictEqual(documents, this.model.inOrder()),
      `a view of commit ${this.model.sequence} showed something else than was there`,
    );
  }

  #checkSeen(): void {
    const written = this.#history.flatMap(({ records }) =>
      records.flatMap((record) => (record.kind === 'putDocument' ? [record.document] : [])),
    );
    const versions = Map.groupBy(written, keyOf);
    for (const document of this.#seenDocuments) {
      const kept = versions.get(keyOf(document)) ?? [];
      assertThat(
        kept.some((version) => isDeepStrictEqual(version, document)),
        `version ${document.version} of ${document.id} was read and is gone or another`,
      );
    }
    for (const id of this.#seenIds) {
      const isGone = written.some((document) => document.id === id && this.#mayBeGone(document));
      assertThat(this.model.documents.has(id) || isGone, `document ${id} was there and is gone`);
    }
  }
}

/**
 * An id is free again when its document was erased, and one commit may write several versions: even the same version of two documents
 * that had the id one after the other.
 */
function keyOf({ id, sequence, version }: Document): string {
  return `${id} ${sequence} ${version}`;
}
