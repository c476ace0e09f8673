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

/** A failed system call anywhere among the causes of an error, which layers in between may have wrapped. */
export function systemErrorOf(error: unknown): { readonly code: string; readonly message: string } | undefined {
  for (let current = error; current instanceof Error; current = current.cause) {
    if ('syscall' in current && 'code' in current && typeof current.code === 'string') {
      return { code: current.code, message: current.message };
    }
  }
  return undefined;
}

/** What the message of an error says, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Who runs this process. A number rather than a name: in a container the name may mean somebody else on the host. */
export function userName(): string {
  const user = process.getuid?.();
  return user === undefined ? 'this user' : `user ${user}`;
}
