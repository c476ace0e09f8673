import { createHash } from 'node:crypto';
import { DatabaseError } from '../../errors.ts';
import type { Progress } from '../progress.ts';
import { sizeText } from '../size-text.ts';
import type { BatchImport } from './batch-import.ts';
import type { InputFile } from './input-file.ts';
import { type ReadItem, readItems } from './item-reader.ts';
import { type ItemPreparation, type PreparedItem, refusalOf } from './prepared-item.ts';
import type { Refusal } from './refusal.ts';
import type { RefusalReport } from './refusal-report.ts';
import { type ItemSource, SourceError } from './source-item.ts';

export interface FileImportOptions {
  readonly input: InputFile;
  /** A new source of the format of the input. */
  readonly createSource: () => ItemSource;
  readonly preparation: ItemPreparation;
  readonly batches: BatchImport;
  readonly refusals: RefusalReport;
  readonly progress: Progress;
}

/**
 * One request: what the server takes in one go, in less than a few milliseconds, and not slice by slice as it takes what is longer. With the assertion behind them the
 * operations are fewer than 256, and with what stands around the bodies the request is shorter than 128 KiB.
 */
const itemsInBatch = 250;
const bytesInBatch = 96 * 1024;
/** Sent and not answered: so the server has one to look at while the disk has another, also when it is a slow one. */
const batchesUnderWay = 4;

/**
 * Reads a file to its end, so that nothing is written of one that is not what it is said to be.
 * @returns the SHA-256 of its bytes. @throws {SourceError}
 */
export async function checkInput({
  input,
  createSource,
  progress,
}: Pick<FileImportOptions, 'input' | 'createSource' | 'progress'>): Promise<string> {
  const hash = createHash('sha256');
  let read = 0;
  const onBytes = (bytes: number): void => {
    read += bytes;
    progress.show(`checking ${input.name}: ${shareText(read, input)}`);
  };
  const source = createSource();
  if (source.takesAnything) {
    for await (const chunk of input.chunks()) {
      hash.update(chunk);
      onBytes(chunk.length);
    }
  } else for await (const _ of readItems(input.chunks(), source, { hash, onBytes }));
  return hash.digest('hex');
}

/**
 * Imports all items, in order: while the server writes batches, the next is read, so that memory is bounded by a few of them.
 * @returns how many bytes were read, and their SHA-256. @throws {SourceError | ServerError}
 */
export async function importFile(
  options: FileImportOptions,
): Promise<{ readonly bytes: number; readonly digest: string }> {
  const { input, batches, refusals, progress } = options;
  const source = options.createSource();
  const hash = createHash('sha256');
  const startedAt = performance.now();
  let bytes = 0;
  const onBytes = (count: number): void => {
    bytes += count;
    const { created, updated, present } = batches.counts;
    const seconds = (performance.now() - startedAt) / 1000;
    const rate = Math.round((created + updated + present) / Math.max(seconds, 0.001));
    const refused = refusals.count === 0 ? '' : `, ${refusals.count} refused`;
    progress.show(`${shareText(bytes, input)}: ${created + updated + present} documents, ${rate} a second${refused}`);
  };
  let sending: Promise<void> = Promise.resolve();
  const underWay: Promise<void>[] = [];
  let batch: (PreparedItem | Refusal)[] = [];
  let batchBytes = 0;
  const flush = async (): Promise<void> => {
    const next = batches.prepare(batch);
    batch = [];
    batchBytes = 0;
    if (underWay.length === batchesUnderWay) await underWay.shift();
    sending = batches.send(next);
    underWay.push(sending);
    // Whoever awaits it next is told; until then it is nobody's.
    sending.catch(() => undefined);
  };
  try {
    for await (const items of readItems(input.chunks(), source, { hash, onBytes })) {
      refusals.setHeader(source.headerText);
      for (const item of items) {
        const prepared = preparedOrRefused(item, options.preparation);
        batch.push(prepared);
        batchBytes += 'bodyText' in prepared ? prepared.bodyText.length : prepared.text.length;
        if (batch.length >= itemsInBatch || batchBytes >= bytesInBatch) await flush();
      }
    }
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    // What came before the place that cannot be read is as good as any.
    await flush();
    await sending;
    throw error;
  }
  if (batch.length > 0) await flush();
  await sending;
  return { bytes, digest: hash.digest('hex') };
}

function preparedOrRefused(item: ReadItem, preparation: ItemPreparation): PreparedItem | Refusal {
  try {
    return preparation.prepare(item);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return refusalOf(item, error);
  }
}

/** How far it is, for people. */
function shareText(bytes: number, input: InputFile): string {
  if (input.bytes === null || input.bytes === 0) return sizeText(bytes);
  return `${sizeText(bytes)} of ${sizeText(input.bytes)} (${Math.floor((bytes / input.bytes) * 100)} %)`;
}
