import { parseCommandLine } from '../config.ts';
import { UsageError } from '../setting.ts';
import { parseArguments } from './command.ts';
import { type CommandEntry, commands } from './commands.ts';
import { type ExitCode, exitCodes } from './exit-code.ts';
import { CommandFailure, failureOf } from './failure.ts';
import { ensureHeap } from './heap-limit.ts';
import { commandHelpText, helpText } from './help.ts';
import { readConfig } from './read-config.ts';
import { readVersion } from './version.ts';

/** Runs what the command line asks for, says on standard error why it failed if it did, and sets the exit code of the process. */
export async function runCommandLine(given: readonly string[]): Promise<void> {
  try {
    process.exitCode = await run(given);
  } catch (error) {
    const failure = failureOf(error);
    process.stderr.write(`yaradb: ${failure.message}\n`);
    if (failure.exitCode === exitCodes.bug && failure.cause instanceof Error) {
      process.stderr.write(`${failure.cause.stack}\n`);
    }
    // At once: what went wrong may have left something behind that would keep the process alive.
    process.exit(failure.exitCode);
  }
}

async function run(given: readonly string[]): Promise<ExitCode> {
  const [name = '', ...rest] = given;
  const entry = commands.get(name);
  return entry === undefined ? await runServer(given) : await runCommand(name, entry, rest);
}

async function runCommand(name: string, entry: CommandEntry, given: readonly string[]): Promise<ExitCode> {
  const command = await entry.load();
  try {
    const parsed = parseArguments(command, given);
    if (parsed !== null) return await command.run(parsed);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const message = `${error.message}. See \`yaradb ${name} --help\` for what it takes.`;
    throw new CommandFailure(exitCodes.usage, message, { cause: error });
  }
  process.stdout.write(commandHelpText(name, command));
  return exitCodes.clean;
}

async function runServer(given: readonly string[]): Promise<ExitCode> {
  const { flags, words, help, version } = parseCommandLine(given);
  if (help) {
    process.stdout.write(helpText());
    return exitCodes.clean;
  }
  if (version) {
    process.stdout.write(`${readVersion()}\n`);
    return exitCodes.clean;
  }
  const [command = 'serve', surplus] = words;
  if (command !== 'serve') throw new UsageError(`unknown command '${command}'`);
  if (surplus !== undefined) throw new UsageError(`'${surplus}' is one word too many after '${command}'`);
  ensureHeap(readConfig(flags, process.env));
  // Only now, because it loads the whole server, which an answer to a wrong flag need not wait for.
  const { serve } = await import('./serve.ts');
  await serve(flags, process.env);
  return exitCodes.clean;
}
