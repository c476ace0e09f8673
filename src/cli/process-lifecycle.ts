import type { Logger } from 'pino';
import { exitCodes } from './exit-code.ts';

const signalNumbers = { SIGINT: 2, SIGTERM: 15 } as const;

export type StopSignal = keyof typeof signalNumbers;

/**
 * Resolves with the first SIGTERM or SIGINT, which asks for an orderly stop. The second one, of either kind, ends the process
 * at once with the code that a shell gives to a killed program (128 + the signal's number): what was acknowledged is on disk.
 */
export function awaitStopSignal(log: Logger): Promise<StopSignal> {
  const { promise, resolve } = Promise.withResolvers<StopSignal>();
  let asked = false;
  const onSignal = (signal: StopSignal): void => {
    if (asked) {
      log.warn({ signal }, 'a second signal: stopping at once');
      process.exit(128 + signalNumbers[signal]);
    }
    asked = true;
    resolve(signal);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return promise;
}

/**
 * An exception that nobody caught, or a rejection that nobody handled, is a bug: nothing can be said about the state of the
 * process any more. It is logged whole, and the process ends at once; the log brings the data back.
 */
export function stopOnBug(log: Logger): void {
  process.on('uncaughtException', (error, origin) => {
    log.fatal({ err: error, origin }, 'a bug: stopping at once');
    process.stderr.write(`yaradb: a bug in YaraDB: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(exitCodes.bug);
  });
}
