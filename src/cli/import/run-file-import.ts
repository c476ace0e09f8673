import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { UsageError } from '../../setting.ts';
import type { GivenArguments } from '../command.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import { CommandFailure, failureOf, systemErrorOf } from '../failure.ts';
import { printLine } from '../output.ts';
import { Progress } from '../progress.ts';
import { ServerConnection } from '../server-connection.ts';
import { ServerError } from '../server-request.ts';
import { serverTargetOf } from '../server-target.ts';
import { countText } from '../size-text.ts';
import { BatchImport, type ImportCounts } from './batch-import.ts';
import { checkInput, importFile } from './file-import.ts';
import { importOptions } from './import-options.ts';
import { ImportServer } from './import-server.ts';
import { InputFile } from './input-file.ts';
import { createSource, formatOf } from './item-format.ts';
import { ItemPreparation } from './prepared-item.ts';
import { RefusalReport } from './refusal-report.ts';
import { SourceError } from './source-item.ts';

/** @throws {UsageError | CommandFailure} */
export async function runFileImport(given: GivenArguments, path: string): Promise<ExitCode> {
  const format = given.value(importOptions.format) ?? formatOf(path);
  const csv = {
    types: given.value(importOptions.types) ?? 'strings',
    nested: given.has(importOptions.nested),
    ignoreBlanks: given.has(importOptions.ignoreBlanks),
  };
  const csvOption = [importOptions.types, importOptions.nested, importOptions.ignoreBlanks].find(
    (option) => given.has(option) || given.flags.has(option.flag),
  );
  if (format !== 'csv' && csvOption !== undefined) throw new UsageError(`--${csvOption.flag} is for CSV alone`);
  const errorsPath = given.value(importOptions.errors);
  if (errorsPath !== null && resolve(errorsPath) === resolve(path)) {
    throw new UsageError('--errors names the file that is imported: name another one');
  }
  const input = new InputFile(path);
  const progress = new Progress();
  const target = serverTargetOf(given);
  const startedAt = performance.now();
  const connection = new ServerConnection(target);
  const refusals = new RefusalReport(input.name, errorsPath, progress);
  const server = new ImportServer(connection);
  const batches = new BatchImport(server, given.value(importOptions.mode) ?? 'insert', (refusal) =>
    refusals.add(refusal),
  );
  const reading = { input, createSource: () => createSource(format, csv), progress };
  try {
    await server.greet();
    const digest = input.isRepeatable ? await checkInput(reading) : null;
    begin(refusals, errorsPath);
    const preparation = new ItemPreparation({
      documents: given.has(importOptions.documents),
      table: given.value(importOptions.table),
      name: given.value(importOptions.name),
      idField: given.value(importOptions.idField),
      nameField: given.value(importOptions.nameField),
      key: given.value(importOptions.key) ?? digest ?? randomUUID(),
    });
    const read = await importFile({ ...reading, preparation, batches, refusals });
    progress.clear();
    if (digest !== null && read.digest !== digest) {
      throw new UsageError(`${path} was written to while it was imported: import a copy that stays as it is`);
    }
    const seconds = (performance.now() - startedAt) / 1000;
    await report(given, { path, counts: batches.counts, refusals, bytes: read.bytes, seconds });
    return refusals.count === 0 ? exitCodes.clean : exitCodes.refusedSome;
  } catch (error) {
    progress.clear();
    throw failureOfImport(error, input, batches.counts);
  } finally {
    refusals.close();
    connection.close();
  }
}

function begin(refusals: RefusalReport, path: string | null): void {
  try {
    refusals.begin();
  } catch (error) {
    throw new UsageError(`--errors ${path} cannot be written (${error instanceof Error ? error.message : error})`);
  }
}

interface Outcome {
  readonly path: string;
  readonly counts: ImportCounts;
  readonly refusals: RefusalReport;
  readonly bytes: number;
  readonly seconds: number;
}

async function report(given: GivenArguments, { path, counts, refusals, bytes, seconds }: Outcome): Promise<void> {
  const { created, updated, present } = counts;
  if (given.has(importOptions.json)) {
    const told = refusals.told.map(({ line, code, path: where, reason }) => ({ line, code, path: where, reason }));
    await printLine(
      JSON.stringify({ path, created, updated, present, refused: refusals.count, bytes, seconds, refusals: told }),
    );
    return;
  }
  const rate = Math.round((created + updated + present) / seconds);
  const parts = [
    `imported: ${countText(created, 'document')} in ${seconds.toFixed(1)} s (${rate} a second)`,
    ...(updated > 0 ? [`${updated} replaced`] : []),
    ...(present > 0 ? [`${present} were there already`] : []),
    ...(refusals.count > 0 ? [`${refusals.count} refused`] : []),
  ];
  await printLine(parts.join('; '));
}

function failureOfImport(error: unknown, input: InputFile, counts: ImportCounts): CommandFailure {
  const { created, updated, present } = counts;
  const done = created + updated + present;
  const cause = { cause: error };
  if (error instanceof SourceError) {
    const before =
      done === 0 ? 'Nothing was imported' : `${countText(done, 'document')} from before that are in the database`;
    return new CommandFailure(exitCodes.usage, `${input.name}:${error.line}: ${error.message}. ${before}.`, cause);
  }
  const again = input.isRepeatable
    ? 'Run the same command again to go on'
    : 'With --key, the same command goes on from there';
  const progress = `${countText(done, 'document')} of ${input.name} are in the database. ${again}.`;
  if (error instanceof ServerError) {
    const disk = error.code === 'STORAGE_FULL' || error.code === 'OUTCOME_UNKNOWN';
    return new CommandFailure(disk ? exitCodes.diskFailed : exitCodes.noServer, `${error.message}. ${progress}`, cause);
  }
  const system = systemErrorOf(error);
  if (system?.code === 'ENOSPC' || system?.code === 'EIO') {
    return new CommandFailure(
      exitCodes.diskFailed,
      `a file cannot be read or written (${system.message}). ${progress}`,
      cause,
    );
  }
  if (system !== undefined) {
    return new CommandFailure(exitCodes.usage, `${input.name} cannot be read (${system.message}). ${progress}`, cause);
  }
  return failureOf(error);
}
