import { isDeepStrictEqual } from 'node:util';
import type { Commit, Operation } from '../../../src/database/operation.ts';
import type { Document } from '../../../src/document/document.ts';
import type { CommitRecord } from '../../../src/embedded/log/record.ts';
import { Model } from './model.ts';

/** One commit that a client asked for, and what it knows of it. */
export interface Attempt {
  readonly operations: readonly Operation[];
  /** The newest commit that any client knew of when this one was sent: its own comes later. */
  readonly knownBefore: number;
  outcome: 'unknown' | 'refused' | Commit;
}

/** What a reader saw at one moment: everything, as of a sequence. */
interface SeenState {
  readonly sequence: number;
  readonly documents: readonly Document[];
}

/**
 * Everything that the clients of a database know: what they asked for, were told and read. After every recovery it is held against
 * what the log gives back, which is the promise:
 *
 * - every commit that was acknowledged is there, with its sequence and its documents;
 * - every version that was read is there, and every state that was read was the state at its sequence;
 * - a commit whose outcome is unknown is whole or absent, one that was refused is absent, and there is no other;
 * - what was there after an earlier recovery is there for ever.
 */
export class Ledger {
  /** As of the last recovery. */
  readonly model = new Model();
  readonly #history: CommitRecord[] = [];
  #attempts: Attempt[] = [];
  #seenDocuments: Document[] = [];
  #seenStates: SeenState[] = [];
  #seenIds: string[] = [];
  /** Documents that somebody may have taken away since the last recovery. */
  readonly #erased = new Set<string>();
  /** The newest commit that anybody was told of or has read. */
  #known = 0;
  /** The newest version of each document that a client knows. */
  readonly current = new Map<string, Document>();
  acknowledged = 0;

  get known(): number {
    return this.#known;
  }

  begin(operations: readonly Operation[]): Attempt {
    const attempt: Attempt = { operations, knownBefore: this.#known, outcome: 'unknown' };
    this.#attempts.push(attempt);
    for (const operation of operations) if (operation.kind === 'erase') this.#erased.add(operation.id);
    return attempt;
  }

  acknowledge(attempt: Attempt, commit: Commit): void {
    attempt.outcome = commit;
    this.acknowledged += 1;
    for (const document of commit.documents) this.seeDocument(document);
    for (const operation of attempt.operations) if (operation.kind === 'erase') this.current.delete(operation.id);
    if (commit.sequence === null) return;
    assertThat(
      commit.sequence > attempt.knownBefore,
      `commit ${commit.sequence} was given after ${attempt.knownBefore} was known`,
    );
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

  /** A client was told that there is a document with this id. */
  seeId(id: string): void {
    this.#seenIds.push(id);
  }

  /** A client read the document or found none, having known `before`. */
  checkRead(before: Document | undefined, read: Document | null): void {
    if (read !== null) this.seeDocument(read);
    if (before === undefined || (read === null && this.#erased.has(before.id))) return;
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
    const acknowledged = new Map(
      this.#attempts.flatMap((attempt) =>
        typeof attempt.outcome === 'object' && attempt.outcome.sequence !== null
          ? [[attempt.outcome.sequence, attempt] as const]
          : [],
      ),
    );
    const unknown = this.#attempts.filter(({ outcome }) => outcome === 'unknown');
    const seen = Map.groupBy(this.#seenStates, ({ sequence }) => sequence);
    for (const commit of commits.slice(this.#history.length)) {
      const attempt = acknowledged.get(commit.sequence);
      if (attempt === undefined) this.#applyUnknown(commit, unknown);
      else this.#applyAcknowledged(commit, attempt);
      this.#history.push(commit);
      for (const { documents } of seen.get(commit.sequence) ?? []) this.#checkState(documents);
    }
    this.#checkSeen();
    this.#known = commits.length;
    this.#attempts = [];
    this.#seenDocuments = [];
    this.#seenStates = [];
    this.#seenIds = [];
    this.#erased.clear();
    this.current.clear();
    for (const document of this.model.documents.values()) this.current.set(document.id, document);
  }

  /** What was known of later commits was of ones that are lost. */
  #forgetAfter(sequence: number): void {
    this.#known = Math.min(this.#known, sequence);
    this.#seenDocuments = this.#seenDocuments.filter((document) => document.sequence <= sequence);
    this.#seenStates = this.#seenStates.filter((state) => state.sequence <= sequence);
    this.#seenIds = [];
  }

  #applyAcknowledged(commit: CommitRecord, { operations, outcome }: Attempt): void {
    const documents = this.model.apply(commit, operations);
    assertThat(typeof documents !== 'string', `commit ${commit.sequence}, acknowledged: ${documents}`);
    if (typeof outcome !== 'object') return;
    assertThat(
      outcome.committedAt === commit.committedAt && isDeepStrictEqual(outcome.documents, documents),
      `commit ${commit.sequence} is another than was acknowledged`,
    );
  }

  /** A commit that nobody was told of must be one whose outcome nobody knows, whole. */
  #applyUnknown(commit: CommitRecord, unknown: Attempt[]): void {
    const problems: string[] = [];
    for (const [index, attempt] of unknown.entries()) {
      if (commit.sequence <= attempt.knownBefore) continue;
      const problem = this.model.apply(commit, attempt.operations);
      if (typeof problem !== 'string') {
        unknown.splice(index, 1);
        return;
      }
      problems.push(problem);
    }
    throw new Error(`commit ${commit.sequence} is none that is under way: ${problems.join('; ')}`);
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
      assertThat(this.model.documents.has(id) || this.#erased.has(id), `document ${id} was there and is gone`);
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

export function assertThat(condition: boolean, problem: string): asserts condition {
  if (!condition) throw new Error(problem);
}
