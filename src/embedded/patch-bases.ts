import type { Operation } from '../database/operation.ts';
import type { ChangeBudget } from '../document/change-budget.ts';
import type { Document } from '../document/document.ts';
import { textLength } from '../document/json-length.ts';
import type { Staging } from './staging.ts';

/** Reads a version of a document that may have been superseded; null when it is not kept. */
export type ReadVersion = (id: string, version: number) => Document | null | Promise<Document | null>;

export interface PatchBasesOptions {
  readonly operations: readonly Operation[];
  readonly staging: Staging;
  /** Runs what looks at the staging, when no commit is being decided there. */
  readonly look: <T>(run: () => T) => T | Promise<T>;
  readonly readVersion: ReadVersion;
  readonly budget: ChangeBudget;
}

interface Base {
  readonly id: string;
  readonly version: number;
}

/**
 * The versions that the merge patches of one commit were made for and are to be rebased from. Deciding a commit must not wait, so what it will
 * need is read before; what changes meanwhile may make it need more.
 */
export class PatchBases {
  readonly #needed: readonly Base[];
  readonly #options: PatchBasesOptions;
  /** By id and version. Null: it is not kept. */
  readonly #documents = new Map<string, Document | null>();

  constructor(options: PatchBasesOptions) {
    this.#needed = options.operations.flatMap(baseOf);
    this.#options = options;
  }

  /**
   * Reads what is needed by now. Without a promise when nothing has to be waited for, so that commits are decided in the order in which they come.
   * @throws {LimitExceededError} When what was read is longer altogether than the budget allows.
   */
  read(): Promise<void> | undefined {
    if (this.#needed.length === 0) return undefined;
    const missing = this.#options.look(() => this.#needed.filter((base) => this.#lacks(base)));
    if (missing instanceof Promise) return missing.then((later) => this.#readMissing(later));
    return missing.length === 0 ? undefined : this.#readMissing(missing);
  }

  /** To be told of each version that the commit itself writes: a later operation may be based on it. */
  written(document: Document): void {
    if (this.#needed.length > 0) this.#documents.set(keyOf(document), document);
  }

  /** The version as it was before `current`, of that very document; undefined when it is not known. */
  get(current: Document, version: number): Document | undefined {
    const base = this.#documents.get(keyOf({ id: current.id, version }));
    // One that was erased meanwhile and made again under its id has other versions.
    return base?.createdSequence === current.createdSequence ? base : undefined;
  }

  /** Whether it has to be read. The current version is taken as it is. */
  #lacks(base: Base): boolean {
    if (this.#documents.has(keyOf(base))) return false;
    const current = this.#options.staging.document(base.id);
    if (current === undefined || base.version > current.version) return false;
    if (base.version < current.version) return true;
    this.#documents.set(keyOf(base), current);
    return false;
  }

  async #readMissing(missing: readonly Base[]): Promise<void> {
    if (missing.length === 0) return;
    const { readVersion, budget } = this.#options;
    for (const base of missing) {
      if (this.#documents.has(keyOf(base))) continue;
      const document = await readVersion(base.id, base.version);
      if (document !== null) budget.spend(textLength(document.body));
      this.#documents.set(keyOf(base), document);
    }
    await this.read();
  }
}

function baseOf(operation: Operation): readonly Base[] {
  if (operation.kind !== 'patch' || operation.rebase !== true || operation.version === undefined) return [];
  return [{ id: operation.id, version: operation.version }];
}

function keyOf({ id, version }: Base): string {
  return `${id} ${version}`;
}
