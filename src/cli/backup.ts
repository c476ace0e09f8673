import { randomBytes } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { formatTime } from '../document/timestamp.ts';
import { ArchiveError } from '../embedded/maintenance/archive-error.ts';
import { receiveBackup } from '../embedded/maintenance/backup-receiver.ts';
import { nodeFileSystem } from '../embedded/ports/node-file-system.ts';
import { UsageError } from '../setting.ts';
import { BackupRequest } from './backup-request.ts';
import { type Command, jsonOption } from './command.ts';
import { exitCodes } from './exit-code.ts';
import { CommandFailure, failureOf, systemErrorOf } from './failure.ts';
import { printLine } from './output.ts';
import { Progress } from './progress.ts';
import { ServerError } from './server-request.ts';
import { serverOptions, serverTargetOf } from './server-target.ts';
import { countText, sizeText } from './size-text.ts';

const options = { ...serverOptions, json: jsonOption };

/** `yaradb backup TARGET`. */
export const backupCommand: Command = {
  usage: 'TARGET [--flag VALUE ...]',
  description: [
    'Backs a running server up, as it is after one commit, with the history that it keeps. TARGET is made: one archive file when its name ' +
      'ends in .tar, else a directory. It must not be there yet.',
    'Reads and writes go on meanwhile. The server takes a snapshot first, for which its disk needs room. Every file is checked against ' +
      'its SHA-256 and synced before TARGET gets its name, so there is never half a backup of that name; what an interrupted one ' +
      'leaves behind ends in .yaradb-partial and can be removed.',
    'It takes a token of the role admin, which whoever can read the data directory of the server need not name. Without authentication the ' +
      'server gives backups to programs on its own machine only. In a container, run this command in that container.',
  ],
  options,
  exitCodes: new Map([
    [exitCodes.clean, 'The backup is there, whole and on disk.'],
    [exitCodes.usage, 'A flag is wrong, or TARGET is there already or cannot be made.'],
    [exitCodes.corruption, 'What arrived is not what the server sent. There is no TARGET.'],
    [exitCodes.diskFailed, 'The disk failed or is full. There is no TARGET.'],
    [exitCodes.noServer, 'The server cannot be reached, refused, or broke off. There is no TARGET.'],
    [exitCodes.bug, 'A bug; standard error says what happened.'],
  ]),
  async run(given) {
    const { TARGET: target } = given.take(['TARGET']);
    const server = serverTargetOf(given);
    const json = given.has(options.json);
    const form = target.endsWith('.tar') ? 'archive' : 'directory';
    if (existsSync(target)) throw new UsageError(`${target} is there already: a backup is not written over anything`);
    const partial = `${target.replace(/\/+$/, '')}.${randomBytes(4).toString('hex')}.yaradb-partial`;
    const progress = new Progress();
    const request = new BackupRequest(server);
    try {
      progress.show('waiting for the server to take a snapshot');
      const chunks = await request.chunks();
      const { manifest, bytes } = await receiveBackup({
        fileSystem: nodeFileSystem,
        chunks,
        form,
        target,
        partial,
        onProgress: (received) => progress.show(`received ${sizeText(received)}`),
      });
      progress.clear();
      const { sequence, committedAt, files, stateDigest } = manifest;
      if (json) {
        const { files: _, ...told } = manifest;
        const times = {
          committedAt: committedAt === null ? null : formatTime(committedAt),
          createdAt: formatTime(manifest.createdAt),
        };
        await printLine(JSON.stringify({ target, form, bytes, files: files.length, ...told, ...times }));
      } else {
        await printLine(
          `backup: ${target} holds the database as of commit ${sequence}: ${countText(files.length, 'file')}, ${sizeText(bytes)}`,
        );
        await printLine(`state digest ${stateDigest}`);
      }
      return exitCodes.clean;
    } catch (error) {
      progress.clear();
      request.abort();
      rmSync(partial, { recursive: true, force: true });
      throw failureOfBackup(error, target);
    }
  },
};

function failureOfBackup(error: unknown, target: string): CommandFailure {
  const cause = { cause: error };
  if (error instanceof ServerError)
    return new CommandFailure(exitCodes.noServer, `${error.message}. There is no backup.`, cause);
  if (error instanceof ArchiveError)
    return new CommandFailure(exitCodes.corruption, `${error.message}. There is no backup.`, cause);
  const system = systemErrorOf(error);
  switch (system?.code) {
    case 'EIO':
    case 'ENOSPC':
    case 'EDQUOT':
      return new CommandFailure(
        exitCodes.diskFailed,
        `the disk of ${dirname(target)} failed or is full (${system.message}).`,
        cause,
      );
    case undefined:
      return failureOf(error);
    default:
      return new CommandFailure(exitCodes.usage, `${target} cannot be made (${system?.message}).`, cause);
  }
}
