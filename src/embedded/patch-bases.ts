import type { Operation, PatchOperation } from '../database/operation.ts';
import type { ChangeBudget } from '../document/change-budget.ts';
import type { Document } from '../document/document.ts';
import { textLength } from '../document/json-length.ts';
import type { Staging } from './staging.ts';

/** Reads a version of a document that may have been superseded; null when it is not kept. */
export type ReadVersion = (id: string, version: number) => Document | null | Promise<Document | null>;

/**
 * The versions that the merge patches of one commit were made for and are to be rebased from. Deciding a commit must not wait, so what it will
 * need is read before; what changes meanwhile may make it need more.
 */
export class PatchBases {
  readonly #staging: Staging;
  readonly #readVersion: ReadVersion;
  readonly #budget: ChangeBudget;
  /** By id and version. Null: it is not kept. */
  readonly #documents = new Map<string, Document | null>();

  constructor(staging: Staging, readVersion: ReadVersion, budget: ChangeBudget) {
    this.#staging = staging;
    this.#readVersion = readVersion;
    this.#budget = budget;
  }

  /**
   * Reads what these operations need by now. Without a promise when nothing has to be waited for, so that commits are decided in the order in
   * which they come.
   * @throws {LimitExceededError} When what was read is longer altogether than the budget allows.
   */
  read(operations: readonly Operation[]): Promise<void> | undefined {
    const missing = operations.filter((operation) => operation.kind === 'patch').filter((patch) => this.#lacks(patch));
    return missing.length === 0 ? undefined : this.#readMissing(missing, operations);
  }

  /** The version as it was before `current`, of that very document; undefined when it is not known. */
  get(current: Document, version: number): Document | undefined {
    const base = this.#documents.get(keyOf(current.id, version));
    // One that was erased meanwhile and made again under its id has other versions.
    return base?.createdSequence === current.createdSequence ? base : undefined;
  }

  /** Whether the patch needs a version that has to be read. The current one is taken as it is. */
  #lacks({ id, version, rebase }: PatchOperation): boolean {
    if (rebase !== true || version === undefined || this.#documents.has(keyOf(id, version))) return false;
    const current = this.#staging.document(id);
    if (current === undefined || version > current.version) return false;
    if (current.version !== version) return true;
    this.#documents.set(keyOf(id, version), current);
    return false;
  }

  async #readMissing(missing: readonly PatchOperation[], operations: readonly Operation[]): Promise<void> {
    for (const { id, version } of missing) {
      if (version === undefined || this.#documents.has(keyOf(id, version))) continue;
      const document = await this.#readVersion(id, version);
      if (document !== null) this.#budget.spend(textLength(document.body));
      this.#documents.set(keyOf(id, version), document);
    }
    await this.read(operations);
  }
}

function keyOf(id: string, version: number): string {
  return `${id} ${version}`;
}
