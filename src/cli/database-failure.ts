import type { Config } from '../config.ts';
import { DirectoryLockedError } from '../embedded/directory-lock.ts';
import { CorruptionError, NewerFormatError } from '../embedded/log/log-error.ts';
import { DatabaseError } from '../errors.ts';
import { UnprotectedAddressError } from '../server-access.ts';
import { exitCodes } from './exit-code.ts';
import { CommandFailure, failureOf, messageOf, systemErrorOf, userName } from './failure.ts';

/**
 * What a failure to open the data directory comes to.
 * @param another how another one is named.
 */
export function failureOfOpening(
  error: unknown,
  { dataDirectory }: Pick<Config, 'dataDirectory'>,
  another = 'name another one with --data-dir',
): CommandFailure {
  const options = { cause: error };
  if (error instanceof UnprotectedAddressError) return new CommandFailure(exitCodes.usage, error.message, options);
  if (error instanceof DirectoryLockedError) return new CommandFailure(exitCodes.locked, error.message, options);
  if (error instanceof CorruptionError) return new CommandFailure(exitCodes.corruption, error.message, options);
  if (error instanceof NewerFormatError) return new CommandFailure(exitCodes.usage, error.message, options);
  const system = systemErrorOf(error);
  switch (system?.code) {
    case 'EACCES':
    case 'EPERM':
      return new CommandFailure(
        exitCodes.usage,
        `the data directory ${dataDirectory} cannot be written by ${userName()} (${system.message}). ` +
          `Give it to that user (chown -R), or ${another}.`,
        options,
      );
    case 'EROFS':
      return new CommandFailure(
        exitCodes.usage,
        `the data directory ${dataDirectory} is on a file system that is mounted read-only (${system.message}). ` +
          `Mount it for writing, or ${another}.`,
        options,
      );
    case 'ENOTDIR':
    case 'EEXIST':
    case 'ENOENT':
    case 'ELOOP':
    case 'ENAMETOOLONG':
      return new CommandFailure(
        exitCodes.usage,
        `${dataDirectory} cannot be the data directory (${system.message}): ${another}.`,
        options,
      );
    case 'EIO':
    case 'ENOSPC':
    case 'EDQUOT':
      return new CommandFailure(
        exitCodes.diskFailed,
        `the disk of the data directory ${dataDirectory} failed or is full (${system.message}). ` +
          'Nothing acknowledged was lost: make room or mend the disk, then start again.',
        options,
      );
    default:
      return failureOf(error);
  }
}

/** What a failure to read a directory that is only looked at comes to. */
export function failureOfReading(error: unknown, directory: string): CommandFailure {
  const options = { cause: error };
  const system = systemErrorOf(error);
  switch (system?.code) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ELOOP':
    case 'ENAMETOOLONG':
      return new CommandFailure(
        exitCodes.usage,
        `${directory} is no data directory of YaraDB (${system.message}).`,
        options,
      );
    case 'EACCES':
    case 'EPERM':
      return new CommandFailure(
        exitCodes.usage,
        `${directory} cannot be read by ${userName()} (${system.message}).`,
        options,
      );
    case 'EIO':
      return new CommandFailure(exitCodes.diskFailed, `the disk of ${directory} failed (${system.message}).`, options);
  }
  if (error instanceof DirectoryLockedError) {
    return new CommandFailure(
      exitCodes.locked,
      `${directory} is open in another process: stop that server first.`,
      options,
    );
  }
  return failureOfOpening(error, { dataDirectory: directory }, 'name another one');
}

/** What it comes to when the disk failed under a write. */
export function failureOfDisk(
  error: unknown,
  { dataDirectory, syncIntervalMs }: Pick<Config, 'dataDirectory' | 'syncIntervalMs'>,
): CommandFailure {
  const kept =
    syncIntervalMs === null
      ? 'What was acknowledged is there'
      : `What was acknowledged is there, but for, at most, the last ${syncIntervalMs} ms of it`;
  return new CommandFailure(
    exitCodes.diskFailed,
    `the disk of the data directory ${dataDirectory} failed under a write (${messageOf(error)}). ` +
      `${kept}: check the disk, then start again.`,
    { cause: error },
  );
}

/** What a failure to stop comes to: the last commits, or the mark of a clean stop, could not be written. */
export function failureOfClosing(
  error: unknown,
  config: Pick<Config, 'dataDirectory' | 'syncIntervalMs'>,
): CommandFailure {
  const disk =
    systemErrorOf(error) !== undefined || (error instanceof DatabaseError && error.code === 'OUTCOME_UNKNOWN');
  return disk ? failureOfDisk(error, config) : failureOf(error);
}
