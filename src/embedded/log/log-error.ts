import { DatabaseError } from '../../errors.ts';

/** Where in the log, or in a snapshot, something is, as evidence for whoever looks into it. */
export interface LogPosition {
  readonly file: string;
  /** In bytes from the beginning of the file. */
  readonly offset: number;
  /** The first commit that is in doubt: all before it were read and found good. */
  readonly sequence: number;
}

/** Log or snapshots are damaged where it cannot be a write that a crash interrupted. They were left as they are; nothing may be served. */
export class CorruptionError extends Error {
  readonly position: LogPosition;
  readonly reason: string;

  constructor(position: LogPosition, reason: string, options?: ErrorOptions) {
    super(
      `The data is damaged: ${position.file}, offset ${position.offset}, at commit ${position.sequence}: ${reason}. ` +
        'Nothing was changed. Restore a backup, or have a copy of the directory examined.',
      options,
    );
    this.name = 'CorruptionError';
    this.position = position;
    this.reason = reason;
  }
}

/** The log is whole, but holds something that this version does not know. It was left as it is. */
export class NewerFormatError extends Error {
  readonly position: LogPosition;
  readonly found: string;

  constructor(position: LogPosition, found: string) {
    super(
      `The data was written by a newer version of YaraDB: ${position.file}, offset ${position.offset}, has ${found}. ` +
        'Nothing was changed. Open it with that version.',
    );
    this.name = 'NewerFormatError';
    this.position = position;
    this.found = found;
  }
}

/** Bytes that do not follow the format. Whoever knows the file and the sequence makes a `CorruptionError` of it. */
export class MalformedError extends Error {
  override readonly name = 'MalformedError';
}

/** Well-formed bytes that a later version of the format defines. Becomes a `NewerFormatError`. */
export class UnknownKindError extends Error {
  override readonly name = 'UnknownKindError';
}

/**
 * What to throw for `error`, by whoever knows where it was met: a `CorruptionError` for malformed bytes, a `NewerFormatError` for those of a
 * later version, and anything else as it is.
 */
export function refusalOf(error: unknown, position: LogPosition): unknown {
  if (error instanceof MalformedError) return new CorruptionError(position, error.message, { cause: error.cause });
  return error instanceof UnknownKindError ? new NewerFormatError(position, error.message) : error;
}

/**
 * What `decode` returns; null when the bytes are malformed, or of a later version: for what can do without them. Throws what else `decode`
 * throws.
 */
export function unlessUnreadable<T>(decode: () => T): T | null {
  try {
    return decode();
  } catch (error) {
    if (error instanceof MalformedError || error instanceof UnknownKindError) return null;
    throw error;
  }
}

/** There was no room for a write, and what had been written of it is gone again: as if it had not been tried. */
export class NoSpaceError extends Error {
  override readonly name = 'NoSpaceError';
  readonly file: string;

  constructor(file: string, cause: unknown) {
    super(`No room to write ${file}`, { cause });
    this.file = file;
  }

  /** What a client is told, who need not know where on the server's disk it was. `consequence` says what was not done. */
  refusal(consequence: string): DatabaseError {
    return new DatabaseError('STORAGE_FULL', `The server's disk is full: ${consequence}`, {}, { cause: this.cause });
  }
}
