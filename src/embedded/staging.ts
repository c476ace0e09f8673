import type { Document, TableReference } from '../document/document.ts';
import type { State } from './state.ts';

/**
 * The database as it will be when every commit in flight is durable: the state, overlaid with what those commits wrote.
 * Preparation reads and writes it; readers never see it.
 *
 * Life cycle of a commit in it: `begin`, any number of puts and erasures, then `stage` (it is in flight now) or `rollBack`; later
 * `settle`, once it is applied to the state, or `clear`, when the log refused it and with it all commits behind it.
 */
/** What a commit in flight did to a document; `document` is undefined when it erased it. */
interface StagedDocument {
  readonly sequence: number;
  readonly document: Document | undefined;
}

export class Staging {
  readonly #state: State;
  readonly #documents = new Map<string, StagedDocument>();
  readonly #tables = new Map<string, { readonly table: TableReference; readonly sequence: number }>();
  /** What the commit being prepared wrote over, to take it back. */
  readonly #undo: (() => void)[] = [];
  #sequence: number;
  #readInFlight = false;

  constructor(state: State) {
    this.#state = state;
    this.#sequence = state.sequence;
  }

  /** The newest sequence in flight, or applied when none is. */
  get sequence(): number {
    return this.#sequence;
  }

  /**
   * Whether the commit that was prepared last read anything that a commit still in flight had written. If it was rejected,
   * the rejection may be told only once that is durable: otherwise a client would learn of a write that may yet be lost.
   */
  get readInFlight(): boolean {
    return this.#readInFlight;
  }

  /** @returns the sequence that the commit will have. */
  begin(): number {
    this.#readInFlight = false;
    this.#undo.length = 0;
    return this.#sequence + 1;
  }

  document(id: string): Document | undefined {
    const staged = this.#documents.get(id);
    if (staged === undefined) return this.#state.document(id);
    if (staged.sequence <= this.#sequence) this.#readInFlight = true;
    return staged.document;
  }

  table(name: string): TableReference | undefined {
    return this.#tables.get(name)?.table ?? this.#state.table(name)?.reference;
  }

  putDocument(document: Document): void {
    this.#stageDocument(document.id, { sequence: document.sequence, document });
  }

  /** From here on there is no document with this id, whatever the state still holds. */
  eraseDocument(id: string): void {
    this.#stageDocument(id, { sequence: this.#sequence + 1, document: undefined });
  }

  putTable(table: TableReference): void {
    this.#undo.push(() => this.#tables.delete(table.name));
    this.#tables.set(table.name, { table, sequence: this.#sequence + 1 });
  }

  stage(): void {
    this.#undo.length = 0;
    this.#sequence += 1;
  }

  rollBack(): void {
    for (const undo of this.#undo.reverse()) undo();
    this.#undo.length = 0;
  }

  /** Forgets what the commit did to these documents, now that the state has it; what a commit behind it did stays. */
  settle(sequence: number, documents: readonly Document[]): void {
    for (const { id } of documents) {
      if (this.#documents.get(id)?.sequence === sequence) this.#documents.delete(id);
    }
    if (this.#tables.size === 0) return;
    for (const [name, staged] of this.#tables) if (staged.sequence === sequence) this.#tables.delete(name);
  }

  /** Forgets every commit in flight: the next one follows the state again. */
  clear(): void {
    this.#documents.clear();
    this.#tables.clear();
    this.#sequence = this.#state.sequence;
  }

  #stageDocument(id: string, staged: StagedDocument): void {
    const previous = this.#documents.get(id);
    this.#undo.push(() => {
      if (previous === undefined) this.#documents.delete(id);
      else this.#documents.set(id, previous);
    });
    this.#documents.set(id, staged);
  }
}
