/** A version of a document as somebody saw it, or meant it to be. */
export interface DocumentState {
  readonly version: number;
  /** Different in every write that sets a body. */
  readonly marker: string;
  readonly archived: boolean;
}

/** One request, from the moment that it was sent to the moment that its answer was there. */
export interface HistoryEvent {
  readonly document: string;
  /** What a write makes of the document; null for a read. A version 1 creates it. */
  readonly intended: DocumentState | null;
  /** Moments are numbers of one counter: only their order means something. */
  readonly invoked: number;
  readonly completed: number;
  readonly outcome: Outcome;
}

export type Outcome =
  /** A read that found this, or nothing. */
  | { readonly kind: 'read'; readonly state: DocumentState | null }
  /** A write that succeeded, in a commit of this sequence. */
  | { readonly kind: 'written'; readonly state: DocumentState; readonly sequence: number }
  /** A write that was refused because the document is at this version. */
  | { readonly kind: 'conflict'; readonly version: number }
  /** A write that was refused, of which nothing else is known. */
  | { readonly kind: 'refused' }
  /** No answer, or one that says so: it may have happened at any time since it was sent, or never. */
  | { readonly kind: 'unknown' };

/** What all clients did, in one list. */
export class History {
  readonly events: HistoryEvent[];
  #now: number;
  /**
   * Set while the disk has lost its power and the server, on a machine that has not, lives on for a moment: whatever it answers then,
   * a machine without power would not have said.
   */
  powerless = false;

  /** Goes on where another one ends, which is not changed. */
  constructor(before?: History) {
    this.events = [...(before?.events ?? [])];
    this.#now = before?.moment() ?? 0;
  }

  /** A moment after all those before. */
  moment(): number {
    this.#now += 1;
    return this.#now;
  }

  /** Does a request and enters it; `outcome` is what comes of it. */
  async record(document: string, intended: DocumentState | null, request: () => Promise<Outcome>): Promise<Outcome> {
    const invoked = this.moment();
    const answer = await request();
    const outcome: Outcome = this.powerless ? { kind: 'unknown' } : answer;
    this.events.push({ document, intended, invoked, completed: this.moment(), outcome });
    return outcome;
  }

  count(kind: Outcome['kind']): number {
    return this.events.filter(({ outcome }) => outcome.kind === kind).length;
  }
}
