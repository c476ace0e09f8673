import { existsSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { manifestName } from '../embedded/maintenance/backup-manifest.ts';
import { exitCodes } from './exit-code.ts';
import { CommandFailure } from './failure.ts';

/** Whether it is a backup, which looks like a data directory without its newest segment. */
export function isBackup(directory: string): boolean {
  return existsSync(join(directory, manifestName)) && !existsSync(join(directory, 'log', 'newest'));
}

/**
 * To be called before a directory is taken for one of data: a backup would be found damaged, and be none any more once it was mended.
 * @throws {CommandFailure} for a backup.
 */
export function refuseBackup(directory: string): void {
  if (!isBackup(directory)) return;
  const hint = `Make one of it with \`yaradb restore ${directory} DIR\`, which checks every byte of it`;
  throw new CommandFailure(exitCodes.usage, `${directory} is a backup and no data directory. ${hint}.`);
}

/** Whether one path is inside the other, or the other itself. */
export function isInside(path: string, directory: string): boolean {
  const way = relative(directory, path);
  return way !== '..' && !way.startsWith(`..${sep}`);
}
