import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { lockDirectory } from '../../embedded/directory-lock.ts';
import { openEmbeddedDatabase } from '../../embedded/embedded-database.ts';
import { newestFileName, segmentFileName } from '../../embedded/log/log-files.ts';
import { segmentHeaderBytes } from '../../embedded/log/segment-header.ts';
import { foundDatabase } from '../../embedded/maintenance/foundation.ts';
import { systemClock } from '../../embedded/ports/clock.ts';
import { makeDurableDirectory } from '../../embedded/ports/durable-directory.ts';
import { listIfThere } from '../../embedded/ports/file-system.ts';
import { nodeFileSystem as fileSystem } from '../../embedded/ports/node-file-system.ts';
import { systemRandom } from '../../embedded/ports/random.ts';
import { snapshotDirectoryName } from '../../embedded/snapshot/snapshot-files.ts';
import { UsageError } from '../../setting.ts';
import type { LegacyDatabase } from './legacy-database.ts';
import { carryOverSettings } from './legacy-settings.ts';
import type { LegacyFoundation } from './legacy-tables.ts';

export interface LegacyImportOptions {
  /** The data directory to make. Other files may be in it: they stay. */
  readonly directory: string;
  readonly database: LegacyDatabase;
  readonly foundation: LegacyFoundation;
  /** Told of settings and indexes that were left out. */
  readonly refuse: (text: string) => void;
  readonly onProgress: (text: string) => void;
}

/**
 * Makes a data directory of what the files of the Python server come to. It is made beside and moved to its place when it is whole; a crash between
 * the two moves leaves a base without a log, which does not open.
 * @throws {UsageError} when there is a database in the directory. @throws {DirectoryLockedError} when a server has it open.
 */
export async function makeLegacyDirectory(options: LegacyImportOptions): Promise<void> {
  const { directory, database, foundation, refuse, onProgress } = options;
  const lock = await lockDirectory(directory, fileSystem);
  const made = join(directory, `import-${randomBytes(4).toString('hex')}.yaradb-partial`);
  try {
    await checkFree(directory);
    await removePartial(directory);
    await makeDurableDirectory(fileSystem, made);
    onProgress('writing the documents');
    await foundDatabase({ fileSystem, clock: systemClock, random: systemRandom, directory: made, ...foundation });
    onProgress('opening what was written');
    const opened = await openEmbeddedDatabase({ directory: made });
    try {
      onProgress('making indexes');
      await carryOverSettings(opened, database, refuse);
    } finally {
      await opened.close();
    }
    await clear(directory);
    for (const name of [snapshotDirectoryName, 'log']) await fileSystem.rename(join(made, name), join(directory, name));
    await fileSystem.syncDirectory(directory);
  } finally {
    rmSync(made, { recursive: true, force: true });
    await lock.release();
  }
}

/** A server that was started here has left a database without a commit, which is nothing. @throws {UsageError} */
async function checkFree(directory: string): Promise<void> {
  const log = join(directory, 'log');
  const snapshots = await listIfThere(fileSystem, join(directory, snapshotDirectoryName));
  const segment = segmentFileName(1);
  const others = (await listIfThere(fileSystem, log)).filter((name) => name !== newestFileName && name !== segment);
  if (snapshots.length === 0 && others.length === 0 && (await sizeIfThere(join(log, segment))) <= segmentHeaderBytes)
    return;
  throw new UsageError(
    `${directory} holds a database of this server already: name another directory with --data-dir, or remove 'log' and 'snapshots' there`,
  );
}

async function sizeIfThere(path: string): Promise<number> {
  const names = await listIfThere(fileSystem, join(path, '..'));
  if (!names.some((name) => path.endsWith(name))) return 0;
  const file = await fileSystem.open(path, 'read');
  return file.size().finally(() => file.close());
}

/** What an import that was killed has left: no other one is under way, since the directory is locked. */
async function removePartial(directory: string): Promise<void> {
  for (const name of await fileSystem.list(directory)) {
    if (partialName.test(name)) rmSync(join(directory, name), { recursive: true });
  }
}

const partialName = /^import-[0-9a-f]{8}\.yaradb-partial$/;

/** Takes out a database without a commit: `checkFree` has looked. */
async function clear(directory: string): Promise<void> {
  for (const name of ['log', snapshotDirectoryName]) rmSync(join(directory, name), { recursive: true, force: true });
  await fileSystem.syncDirectory(directory);
}
