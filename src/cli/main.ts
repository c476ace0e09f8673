#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { parseCommandLine } from '../config.ts';
import { UsageError } from '../setting.ts';
import { exitCodes } from './exit-code.ts';
import { failureOf } from './failure.ts';
import { ensureHeap } from './heap-limit.ts';
import { helpText } from './help.ts';
import { readConfig } from './read-config.ts';
import { readVersion } from './version.ts';

async function main(given: readonly string[]): Promise<void> {
  const { flags, words, help, version } = parseCommandLine(given);
  if (help) {
    process.stdout.write(helpText());
    return;
  }
  if (version) {
    process.stdout.write(`${readVersion()}\n`);
    return;
  }
  const [command = 'serve', surplus] = words;
  if (command !== 'serve') throw new UsageError(`unknown command '${command}'`);
  if (surplus !== undefined) throw new UsageError(`'${surplus}' is one word too many after '${command}'`);
  ensureHeap(readConfig(flags, process.env));
  // A start takes a third less time with compiled code at hand. It is kept with the program and not in the shared temporary
  // directory, where another user of the machine could put code in its place; where that cannot be written there is none.
  enableCompileCache(fileURLToPath(new URL('../../node_modules/.cache/yaradb', import.meta.url)));
  // Only now, because it loads the whole server, which an answer to a wrong flag need not wait for.
  const { serve } = await import('./serve.ts');
  await serve(flags, process.env);
}

try {
  await main(process.argv.slice(2));
  process.exitCode = exitCodes.clean;
} catch (error) {
  const failure = failureOf(error);
  process.stderr.write(`yaradb: ${failure.message}\n`);
  if (failure.exitCode === exitCodes.bug && failure.cause instanceof Error) {
    process.stderr.write(`${failure.cause.stack}\n`);
  }
  // At once: what went wrong may have left something behind that would keep the process alive.
  process.exit(failure.exitCode);
}
