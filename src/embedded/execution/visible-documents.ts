import type { Document } from '../../document/document.ts';
import type { Registration } from '../registry.ts';
import type { State, SupersedeListener } from '../state.ts';

/**
 * The documents as of the sequence at which it was made. It copies nothing: documents are immutable, so it is enough to remember the versions
 * that later commits replace or erase. Whoever looks through lists and indexes of the state takes what stands there and is not newer, and
 * what is in `changed`: each document of the view is in one of the two, at any moment.
 */
export class VisibleDocuments implements SupersedeListener {
  readonly state: State;
  readonly sequence: number;
  readonly #onChange: () => void;
  readonly #registration: Registration;
  readonly #changed: Document[] = [];
  /** Made for the first one: most views are closed before there is any. */
  #changedById: Map<string, Document> | undefined;

  /**
   * @param onChange Called when there is more to remember: whoever has no use for the view any more may close it then.
   * @param sequence not above that of the state. Where it is below, `remember` must be told what was changed or erased in between.
   */
  constructor(state: State, onChange: () => void, sequence = state.sequence) {
    this.state = state;
    this.#onChange = onChange;
    this.sequence = sequence;
    this.#registration = state.addListener(this);
  }

  /** What the view sees of every document that was changed or erased since, in the order in which that happened. It only grows. */
  get changed(): readonly Document[] {
    return this.#changed;
  }

  /** Whether nothing was committed since: lists and indexes then hold exactly what the view sees. */
  get isNewest(): boolean {
    return this.state.sequence === this.sequence;
  }

  document(id: string): Document | undefined {
    const current = this.state.document(id);
    return current !== undefined && current.sequence <= this.sequence ? current : this.#changedById?.get(id);
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
    return this.#changedById?.has(id) === true;
  }

  #add(document: Document): void {
    this.#changed.push(document);
    this.#changedById ??= new Map();
    this.#changedById.set(document.id, document);
  }

  erase(previous: Document): void {
    this.supersede(previous);
  }

  close(): void {
    this.#registration.end();
    this.#changed.length = 0;
    this.#changedById?.clear();
  }
}
