import { fileURLToPath } from 'node:url';
import { type Config, parseConfig } from '../config.ts';
import { isDataMountedAtApp, readMountInfo } from './data-directory.ts';

/**
 * What the flags, the environment and the machine's mounts come to.
 * @throws {UsageError} for a value that cannot be used.
 */
export function readConfig(
  flags: ReadonlyMap<string, string>,
  environment: Readonly<Record<string, string | undefined>>,
): Config {
  const programDirectory = fileURLToPath(new URL('.', import.meta.url));
  return parseConfig(flags, environment, isDataMountedAtApp(readMountInfo(), programDirectory));
}
