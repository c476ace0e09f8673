/** A request before it is written down: what a client means to ask. */
export interface RequestDraft {
  readonly method: string;
  /** The request's target, encoded. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}
