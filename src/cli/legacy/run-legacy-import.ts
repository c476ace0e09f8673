import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../embedded/ports/clock.ts';
import { systemRandom } from '../../embedded/ports/random.ts';
import { UsageError } from '../../setting.ts';
import type { GivenArguments } from '../command.ts';
import { failureOfOpening, failureOfReading } from '../database-failure.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import { ensureHeap } from '../heap-limit.ts';
import { importOptions } from '../import/import-options.ts';
import { printLine } from '../output.ts';
import { Progress } from '../progress.ts';
import { readConfig } from '../read-config.ts';
import { dataDirectoryFlag } from '../server-target.ts';
import { countText } from '../size-text.ts';
import { logFileName, type ReadLegacy, readLegacy, storageFileName } from './legacy-files.ts';
import { makeLegacyDirectory } from './legacy-import.ts';
import { LegacyNotices } from './legacy-notices.ts';
import { foundationOf, type LegacyFoundation } from './legacy-tables.ts';

/** @throws {UsageError | CommandFailure} */
export async function runLegacyImport(given: GivenArguments, legacy: string): Promise<ExitCode> {
  const config = readConfig(dataDirectoryFlag(given), process.env);
  // Both databases are in memory for a while.
  ensureHeap(config);
  const { dataDirectory: directory } = config;
  const progress = new Progress();
  const notices = new LegacyNotices(given.has(importOptions.acceptHashMismatch), progress);
  const onProgress = (text: string): void => progress.show(text);
  try {
    const read = await readWhole(legacy, notices, onProgress);
    const foundation = foundationOf(read.database, systemClock.now(), systemRandom);
    for (const name of foundation.tablesOfDocuments) {
      notices.note(
        `table '${name}' is made of its documents: there was no record of it, or it was dropped without them`,
      );
    }
    const { database } = read;
    const refuse = notices.leaveOut;
    await makeLegacyDirectory({ directory, database, foundation, refuse, onProgress }).catch((error: unknown) => {
      throw error instanceof UsageError ? error : failureOfOpening(error, { dataDirectory: directory });
    });
    progress.clear();
    await report(given.has(importOptions.json), { directory, legacy, read, foundation, notices });
    return notices.leftOut === 0 ? exitCodes.clean : exitCodes.refusedSome;
  } finally {
    progress.clear();
  }
}

/** @throws {UsageError} when there is nothing. @throws {CommandFailure} when there is anything wrong with it. */
async function readWhole(
  legacy: string,
  notices: LegacyNotices,
  onProgress: (text: string) => void,
): Promise<ReadLegacy> {
  if (![storageFileName, logFileName].some((name) => existsSync(join(legacy, name)))) {
    throw new UsageError(
      `${legacy} holds neither ${storageFileName} nor ${logFileName}: name the data directory of the Python YaraDB`,
    );
  }
  const { problem: onProblem, mismatch: onMismatch } = notices;
  const read = await readLegacy({ directory: legacy, onProblem, onMismatch, onProgress }).catch((error: unknown) => {
    throw failureOfReading(error, legacy);
  });
  if (notices.problems > 0) {
    throw new CommandFailure(
      exitCodes.corruption,
      `${legacy} has ${countText(notices.problems, 'problem')}: nothing was imported. Mend the files, or bring older ones back; ` +
        'documents that do not fit their hash are taken with --accept-hash-mismatch.',
    );
  }
  if (read.tornBytes > 0) {
    notices.note(
      `${logFileName} ends in a line that was not written to its end (${countText(read.tornBytes, 'byte')}): left out`,
    );
  }
  return read;
}

interface LegacyOutcome {
  readonly directory: string;
  readonly legacy: string;
  readonly read: ReadLegacy;
  readonly foundation: LegacyFoundation;
  readonly notices: LegacyNotices;
}

async function report(asJson: boolean, { directory, legacy, read, foundation, notices }: LegacyOutcome): Promise<void> {
  const documents = foundation.documents.length;
  const archived = foundation.documents.filter(({ archivedAt }) => archivedAt !== null).length;
  const tables = foundation.tables.length;
  const { operations, known, tornBytes } = read;
  if (asJson) {
    const { leftOut, acceptedMismatches, told } = notices;
    const counts = { documents, archived, tables, operations, known, tornBytes, acceptedMismatches, leftOut };
    await printLine(JSON.stringify({ directory, legacy, ...counts, notices: told }));
    return;
  }
  await printLine(
    `imported: ${directory} holds ${countText(documents, 'document')} of ${legacy}, ${archived} of them archived, ` +
      `in ${countText(tables, 'table')} and the default one`,
  );
}
