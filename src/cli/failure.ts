import type { Config } from '../config.ts';
import { DirectoryLockedError } from '../embedded/directory-lock.ts';
import { CorruptionError, NewerFormatError } from '../embedded/log/log-error.ts';
import { DatabaseError } from '../errors.ts';
import { UnprotectedAddressError } from '../server-access.ts';
import { UsageError } from '../setting.ts';
import { type ExitCode, exitCodes } from './exit-code.ts';

/** How a command ends that cannot go on: the process's exit code, and the one line that says what to do. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** The failure that any error comes to. One that nobody expected is a bug. */
export function failureOf(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error;
  if (error instanceof UsageError) {
    const hint = 'See `yaradb --help` for the commands and settings.';
    return new CommandFailure(exitCodes.usage, `${error.message}. ${hint}`, { cause: error });
  }
  return new CommandFailure(exitCodes.bug, `a bug in YaraDB: ${messageOf(error)}`, { cause: error });
}

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

/** What a failure to listen comes to. */
export function failureOfListening(error: unknown, { host, port }: Pick<Config, 'host' | 'port'>): CommandFailure {
  const options = { cause: error };
  switch (systemErrorOf(error)?.code) {
    case 'EADDRINUSE':
      return new CommandFailure(
        exitCodes.portTaken,
        `port ${port} of ${host} is taken by another program. Stop that one, or choose a port with --port (0 picks a free one).`,
        options,
      );
    case 'EACCES':
    case 'EPERM':
      return new CommandFailure(
        exitCodes.usage,
        `${userName()} may not listen on port ${port}. Choose one above 1023 with --port.`,
        options,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAFNOSUPPORT':
    case 'EINVAL':
      return new CommandFailure(
        exitCodes.usage,
        `--host is '${host}': this machine has no such address. 127.0.0.1 serves this machine, 0.0.0.0 the network.`,
        options,
      );
    default:
      return failureOf(error);
  }
}

/** A failed system call anywhere among the causes of an error, which layers in between may have wrapped. */
export function systemErrorOf(error: unknown): { readonly code: string; readonly message: string } | undefined {
  for (let current = error; current instanceof Error; current = current.cause) {
    if ('syscall' in current && 'code' in current && typeof current.code === 'string') {
      return { code: current.code, message: current.message };
    }
  }
  return undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A number rather than a name: in a container the name may mean somebody else on the host. */
function userName(): string {
  const user = process.getuid?.();
  return user === undefined ? 'this user' : `user ${user}`;
}
