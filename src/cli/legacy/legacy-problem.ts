/** Something in the old data that cannot be taken, or was only taken because that was asked for. */
export interface LegacyProblem {
  readonly file: string;
  /** The line of the log, or the place of the document or table in its list, as people say it. */
  readonly place: string;
  readonly reason: string;
}

/** A part of the old data is not what it must be. */
export class LegacyError extends Error {
  override readonly name = 'LegacyError';
}

/** The hash that was kept of a body is not that of the body. */
export class HashMismatchError extends LegacyError {}
