import type { Document } from '../../document/document.ts';
import type { Registration } from '../registry.ts';
import { ShardedMap } from '../sharded-map.ts';
import type { State, SupersedeListener } from '../state.ts';
import type { UnfinishedCommit } from '../unfinished-commit.ts';

/**
 * The documents as of the sequence at which it was made. It copies nothing: documents are immutable, so it is enough to remember the versions
 * that later commits replace or erase. Whoever looks through lists and indexes of the state takes what stands there and is not newer, and
 * what is among the changed: each document of the view is in one of the two, at any moment.
 */
export class VisibleDocuments implements SupersedeListener {
  readonly state: State;
  readonly sequence: number;
  readonly #onChange: () => void;
  readonly #registration: Registration;
  #changed: Document[] = [];
  /** Made for the first one: most views are closed before there is any. */
  #changedById: ShardedMap<string, Document> | undefined;
  /** The commit that was being applied when the view was opened. */
  #unfinished: UnfinishedCommit | null;
  /** What it had superseded by then, which nobody tells the view of. */
  readonly #supersededBefore: number;

  /**
   * @param onChange Called when there is more to remember: whoever has no use for the view any more may close it then.
   * @param sequence not above that of the state. Where it is below, `remember` must be told what was changed or erased in between.
   */
  constructor(state: State, onChange: () => void, sequence = state.sequence) {
    this.state = state;
    this.#onChange = onChange;
    this.sequence = sequence;
    this.#unfinished = state.unfinished;
    this.#supersededBefore = state.unfinished?.superseded.length ?? 0;
    this.#registration = state.addListener(this);
  }

  /** How many documents `changedAt` gives. It only grows. */
  get changedCount(): number {
    return this.#supersededBefore + this.#changed.length;
  }

  /**
   * What the view sees of the documents that were changed or erased since, in any order that stays. Undefined where it sees nothing of what was changed, and
   * behind the last.
   */
  changedAt(index: number): Document | undefined {
    if (index >= this.#supersededBefore) return this.#changed[index - this.#supersededBefore];
    const superseded = this.#unfinished?.superseded[index];
    return superseded !== undefined && superseded.sequence <= this.sequence ? superseded : undefined;
  }

  /** Whether nothing was committed since, nor is being applied: lists and indexes then hold exactly what the view sees. */
  get isNewest(): boolean {
    return this.state.sequence === this.sequence && this.state.unfinished === null;
  }

  document(id: string): Document | undefined {
    const current = this.state.document(id);
    return current !== undefined && current.sequence <= this.sequence ? current : this.#changedDocument(id);
  }

  supersede(previous: Document): void {
    if (previous.sequence > this.sequence) return;
    this.#add(previous);
    this.#onChange();
  }

  /** Versions that the view sees, of documents that were changed or erased before it was opened. Known ones are passed over. */
  remember(documents: readonly Document[]): void {
    for (const document of documents) if (!this.remembers(document.id)) this.#add(document);
  }

  /** Whether a version is remembered. */
  remembers(id: string): boolean {
    return this.#changedDocument(id) !== undefined;
  }

  #changedDocument(id: string): Document | undefined {
    const changed = this.#changedById?.get(id);
    if (changed !== undefined || this.#unfinished === null) return changed;
    const superseded = this.#unfinished.document(id);
    return superseded !== undefined && superseded.sequence <= this.sequence ? superseded : undefined;
  }

  #add(document: Document): void {
    this.#changed.push(document);
    this.#changedById ??= new ShardedMap();
    this.#changedById.set(document.id, document);
  }

  erase(previous: Document): void {
    this.supersede(previous);
  }

  close(): void {
    this.#registration.end();
    this.#changed = [];
    this.#changedById = undefined;
    this.#unfinished = null;
  }
}
