import pino, { type Logger } from 'pino';
import type { Config } from '../config.ts';

const standardError = 2;

/**
 * The server's log, on standard error, so that standard output holds what the command itself says. Every line is written
 * before the call returns and in this thread: nothing is lost when the process ends, whatever ends it.
 */
export async function createLogger(
  { logLevel, logFormat }: Pick<Config, 'logLevel' | 'logFormat'>,
  isTerminal: boolean,
): Promise<Logger> {
  const pretty = logFormat === 'pretty' || (logFormat === 'auto' && isTerminal);
  const options = { level: logLevel, base: null };
  if (!pretty) {
    return pino(
      { ...options, timestamp: pino.stdTimeFunctions.isoTime },
      pino.destination({ dest: standardError, sync: true }),
    );
  }
  // Only where somebody reads: a start without it is a little shorter.
  const { PinoPretty } = await import('pino-pretty');
  return pino(
    options,
    PinoPretty({
      destination: standardError,
      sync: true,
      colorize: isTerminal,
      ignore: 'pid,hostname',
      translateTime: 'SYS:HH:MM:ss.l',
    }),
  );
}
