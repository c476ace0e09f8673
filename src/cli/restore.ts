import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { formatTime, parseTime } from '../document/timestamp.ts';
import { ArchiveError } from '../embedded/maintenance/archive-error.ts';
import { openBackup } from '../embedded/maintenance/backup-reader.ts';
import {
  checkEmpty,
  type RestoreOptions,
  RestoreRefusedError,
  restoreBackup,
} from '../embedded/maintenance/restoration.ts';
import { systemClock } from '../embedded/ports/clock.ts';
import { nodeFileSystem } from '../embedded/ports/node-file-system.ts';
import { systemRandom } from '../embedded/ports/random.ts';
import { type SettingType, UsageError, wholeNumber } from '../setting.ts';
import { isInside } from './backup-directory.ts';
import { type Command, type GivenArguments, jsonOption, type Option } from './command.ts';
import { failureOfOpening } from './database-failure.ts';
import { exitCodes } from './exit-code.ts';
import { CommandFailure } from './failure.ts';
import { printLine } from './output.ts';
import { Progress } from './progress.ts';
import { countText } from './size-text.ts';

const timeType: SettingType<number> = {
  placeholder: 'TIME',
  expected: 'a time with its offset from UTC, such as 2026-01-05T12:00:00Z',
  parse: (given) => parseTime(given)?.milliseconds,
};

const options = {
  toSequence: {
    flag: 'to-sequence',
    type: wholeNumber('SEQUENCE', 0, Number.MAX_SAFE_INTEGER),
    help: 'Restore the database as it was after this commit. `yaradb log` and the manifest of the backup tell which there are.',
  },
  toTime: {
    flag: 'to-time',
    type: timeType,
    help: 'Restore the database as it was after the last commit at or before this time.',
  },
  json: jsonOption,
} as const satisfies Record<string, Option>;

/** `yaradb restore BACKUP DIR`. */
export const restoreCommand: Command = {
  usage: 'BACKUP DIR [--flag VALUE ...]',
  description: [
    'Makes the data directory DIR, which must be empty or not there yet, of BACKUP, a directory or an archive that `yaradb backup` has ' +
      'made: with all that it holds, or as it was at an earlier commit or time.',
    'Every byte is checked before the directory can be opened, and the digest of the restored state is compared with that of the state ' +
      'that was backed up. Should it be interrupted, DIR does not open: remove what is in it and begin again.',
    'The restored database has the same id, and begins a new epoch: a commit that was lost and the one that gets its number now are ' +
      'not the same.',
  ],
  options,
  exitCodes: new Map([
    [exitCodes.clean, 'Restored and verified.'],
    [exitCodes.usage, 'A flag, BACKUP or DIR cannot be used as given, or the backup does not reach that far.'],
    [exitCodes.locked, 'Another process has DIR open.'],
    [exitCodes.corruption, 'The backup is damaged. DIR is as it was.'],
    [exitCodes.diskFailed, 'The disk failed or is full. DIR is as it was.'],
    [exitCodes.bug, 'A bug; standard error says what happened.'],
  ]),
  async run(given) {
    const { BACKUP: path, DIR: directory } = given.take(['BACKUP', 'DIR']);
    const to = targetOf(given);
    const json = given.has(options.json);
    const progress = new Progress();
    const existed = existsSync(directory);
    let begun = false;
    try {
      if (isInside(directory, path)) {
        throw new CommandFailure(exitCodes.usage, `${directory} is in the backup ${path}, which holds nothing else.`);
      }
      const backup = await openBackup(nodeFileSystem, path);
      await checkEmpty(nodeFileSystem, directory);
      const restored = await restoreBackup({
        fileSystem: nodeFileSystem,
        clock: systemClock,
        random: systemRandom,
        backup,
        directory,
        to,
        onBegin: () => {
          begun = true;
        },
        onProgress: (text) => progress.show(text),
      });
      progress.clear();
      const { sequence, committedAt, documents, epoch, stateDigest } = restored;
      const time = committedAt === null ? null : formatTime(committedAt);
      if (json) {
        await printLine(JSON.stringify({ directory, ...restored, committedAt: time }));
      } else {
        await printLine(
          `restored: ${directory} holds ${countText(documents, 'document')}, as of commit ${sequence}${time === null ? '' : ` of ${time}`}`,
        );
        await printLine(`epoch ${epoch} begins`);
        await printLine(`state digest ${stateDigest}`);
      }
      return exitCodes.clean;
    } catch (error) {
      progress.clear();
      if (begun) removeWhatWasMade(directory, existed);
      throw failureOfRestoring(error, path, directory);
    }
  },
};

function targetOf(given: GivenArguments): RestoreOptions['to'] {
  const sequence = given.value(options.toSequence);
  const time = given.value(options.toTime);
  if (sequence !== null && time !== null) throw new UsageError('--to-sequence and --to-time cannot be given together');
  if (sequence !== null) return { sequence };
  return time === null ? null : { time };
}

/** The directory was empty, so all of it is ours. */
function removeWhatWasMade(directory: string, existed: boolean): void {
  for (const name of ['log', 'snapshots', 'lock']) rmSync(join(directory, name), { recursive: true, force: true });
  if (!existed) rmSync(directory, { recursive: true, force: true });
}

function failureOfRestoring(error: unknown, path: string, directory: string): CommandFailure {
  if (error instanceof CommandFailure) return error;
  const cause = { cause: error };
  if (error instanceof RestoreRefusedError) return new CommandFailure(exitCodes.usage, `${error.message}.`, cause);
  if (error instanceof ArchiveError) {
    const named = error.message.includes(path) ? error.message : `${path} is no whole backup: ${error.message}`;
    return new CommandFailure(exitCodes.corruption, `${named}.`, cause);
  }
  if (error instanceof Error && 'path' in error && typeof error.path === 'string' && error.path.startsWith(path)) {
    return new CommandFailure(exitCodes.usage, `the backup ${path} cannot be read (${error.message}).`, cause);
  }
  return failureOfOpening(error, { dataDirectory: directory }, 'name another one');
}
