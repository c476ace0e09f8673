import type { Document } from '../../document/document.ts';
import type { CommitRecord } from '../log/record.ts';
import type { State } from '../state.ts';
import type { Problem } from './problem.ts';

/**
 * Checks that the versions of every document follow each other. An erasure on disk that was interrupted has taken some of the versions of a
 * document that is erased later and not yet others, so what is found wrong with a document counts only when no erasure follows.
 */
export class VersionChains {
  readonly #suspicions = new Map<string, Problem>();
  /** The newest erasure of each. */
  readonly #erasures = new Map<string, number>();

  /** @param state before the commit. */
  add(file: string, offset: number, { sequence, records }: CommitRecord, state: State): void {
    // Within one commit a document may be written, erased and written again.
    const written = new Map<string, Document | null>();
    const dropped = new Set<string>();
    for (const record of records) {
      if (record.kind === 'eraseDocument') {
        written.set(record.id, null);
        this.#erasures.set(record.id, sequence);
        this.#suspicions.delete(record.id);
      } else if (record.kind === 'dropTable') {
        dropped.add(record.id);
      } else if (record.kind === 'putDocument') {
        const { document } = record;
        const staged = written.get(document.id);
        const before = staged === undefined ? state.document(document.id) : (staged ?? undefined);
        const reason = chainProblem(
          before !== undefined && dropped.has(before.table.id) ? undefined : before,
          document,
        );
        if (reason !== null && !this.#suspicions.has(document.id)) {
          this.#suspicions.set(document.id, { file, offset, sequence, reason });
        }
        written.set(document.id, document);
      }
    }
  }

  isErasedAfter(id: string, sequence: number): boolean {
    return (this.#erasures.get(id) ?? 0) > sequence;
  }

  /** To be asked at the end: of each document the first thing that is wrong with it. */
  problems(): Iterable<Problem> {
    return this.#suspicions.values();
  }
}

/** What is wrong with a version as the one that follows `before`; null when it fits. */
function chainProblem(before: Document | undefined, document: Document): string | null {
  const { id, version, previousSequence, createdSequence } = document;
  const expected =
    before === undefined
      ? { version: 1, previousSequence: 0, createdSequence: document.sequence }
      : {
          version: before.version + 1,
          previousSequence: before.sequence,
          createdSequence: before.createdSequence,
        };
  if (version !== expected.version) return `document ${id} has version ${version} where ${expected.version} is due`;
  if (previousSequence !== expected.previousSequence) {
    return `document ${id} names commit ${previousSequence} as that of the version before, which is ${expected.previousSequence}`;
  }
  if (createdSequence !== expected.createdSequence) {
    return `document ${id} names commit ${createdSequence} as the one that created it, which is ${expected.createdSequence}`;
  }
  return null;
}
