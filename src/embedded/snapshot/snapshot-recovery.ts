import { join } from 'node:path';
import type { Document } from '../../document/document.ts';
import { TimeSlice } from '../history/time-slice.ts';
import { CorruptionError } from '../log/log-error.ts';
import type { Definitions, KeyRecord } from '../log/record.ts';
import type { RecoveryProgress } from '../log/recovery-progress.ts';
import type { Clock } from '../ports/clock.ts';
import { type FileSystem, listIfThere, systemErrorCode } from '../ports/file-system.ts';
import { DefinitionList } from './definition-list.ts';
import { baseOf, type SnapshotName, snapshotNames } from './snapshot-files.ts';
import type { SnapshotFooter, SnapshotHeader } from './snapshot-header.ts';
import { SnapshotReader } from './snapshot-reader.ts';

export interface SnapshotRecoveryOptions {
  readonly fileSystem: FileSystem;
  /** `snapshots/` of the data directory. */
  readonly directory: string;
  readonly clock: Clock;
  readonly progress: RecoveryProgress;
}

/** What the snapshots have to say about the database. Nothing was changed. */
export interface RecoveredSnapshots {
  /** The sequence of the base, behind which the log begins; 0 without one. */
  readonly floor: number;
  /** Null without a base, and when its header or footer is damaged. */
  readonly base: SnapshotHeader | null;
  /** The newest that is whole; null when there is none. */
  readonly newest: LoadedSnapshot | null;
  /** How many there are, damaged ones included. */
  readonly count: number;
  /** The highest sequence that any has, damaged ones included: the log must go as far. 0 without any. */
  readonly lastSequence: number;
  readonly damaged: readonly DamagedSnapshot[];
}

/** A snapshot that was read to its end and found good. */
export interface LoadedSnapshot {
  readonly path: string;
  readonly header: SnapshotHeader;
  readonly footer: SnapshotFooter;
  readonly bytes: number;
  readonly definitions: Definitions;
  /** Sorted by id. Whoever takes them may sort them otherwise. */
  readonly documents: Document[];
  /** The same. */
  readonly keys: KeyRecord[];
}

export interface DamagedSnapshot {
  readonly path: string;
  readonly reason: string;
}

/**
 * Reads the newest snapshot that is whole, and of the base at least its ends.
 * @throws {CorruptionError} when none is whole where one is needed, or one is not what its name says. @throws {NewerFormatError}
 *   The system's own error when a file cannot be opened.
 */
export async function recoverSnapshots(options: SnapshotRecoveryOptions): Promise<RecoveredSnapshots> {
  const { fileSystem, directory } = options;
  const { snapshots, unknown } = snapshotNames(await listIfThere(fileSystem, directory));
  if (unknown !== undefined) {
    const position = { file: join(directory, unknown), offset: 0, sequence: 0 };
    throw new CorruptionError(position, 'no snapshot has such a name');
  }
  const base = baseOf(snapshots);
  const floor = base?.sequence ?? 0;
  const damaged: DamagedSnapshot[] = [];
  let newest: LoadedSnapshot | null = null;
  for (const candidate of snapshots.filter(({ sequence }) => sequence >= floor).reverse()) {
    newest = await unlessDamaged(candidate, options, damaged, load);
    if (newest === null) continue;
    checkName(newest.header, candidate, directory);
    break;
  }
  if (newest === null && floor > 0) throw noneIsWhole(damaged, floor);
  const baseHeader = base === undefined ? null : await headerOf(base, newest, options, damaged);
  const lastSequence = snapshots.reduce((last, { sequence }) => Math.max(last, sequence), 0);
  return { floor, base: baseHeader, newest, count: snapshots.length, lastSequence, damaged };
}

async function headerOf(
  base: SnapshotName,
  newest: LoadedSnapshot | null,
  options: SnapshotRecoveryOptions,
  damaged: DamagedSnapshot[],
): Promise<SnapshotHeader | null> {
  if (newest?.path === join(options.directory, base.name)) return newest.header;
  const header = await unlessDamaged(base, options, damaged, async (reader) => reader.header);
  if (header !== null) checkName(header, base, options.directory);
  return header;
}

/** What `read` makes of a snapshot; null when that finds it damaged, which is noted. */
async function unlessDamaged<T>(
  { name }: SnapshotName,
  options: SnapshotRecoveryOptions,
  damaged: DamagedSnapshot[],
  read: (reader: SnapshotReader, options: SnapshotRecoveryOptions) => Promise<T>,
): Promise<T | null> {
  const path = join(options.directory, name);
  let reader: SnapshotReader | null = null;
  try {
    reader = await SnapshotReader.open(options.fileSystem, path);
    return await read(reader, options);
  } catch (error) {
    const reason = damageOf(error);
    if (reason === null) throw error;
    damaged.push({ path, reason });
    return null;
  } finally {
    await reader?.close();
  }
}

/** One that is whole but another's is no damage that an older one could make good: somebody has moved files. */
function checkName(header: SnapshotHeader, { name, sequence }: SnapshotName, directory: string): void {
  if (header.sequence === sequence) return;
  const position = { file: join(directory, name), offset: 0, sequence };
  throw new CorruptionError(position, `it is the snapshot of commit ${header.sequence} under another's name`);
}

/** A sector that cannot be read is damage too. */
function damageOf(error: unknown): string | null {
  if (error instanceof CorruptionError) return `offset ${error.position.offset}: ${error.reason}`;
  return systemErrorCode(error) === 'EIO' ? 'it cannot be read (EIO)' : null;
}

function noneIsWhole(damaged: readonly DamagedSnapshot[], floor: number): CorruptionError {
  const [{ path, reason } = { path: '', reason: '' }] = damaged;
  const position = { file: path, offset: 0, sequence: floor };
  return new CorruptionError(
    position,
    `${reason}; no older snapshot is whole, and the log begins behind commit ${floor}`,
  );
}

async function load(reader: SnapshotReader, { clock, progress }: SnapshotRecoveryOptions): Promise<LoadedSnapshot> {
  const { path, header, bytes, footer } = reader;
  const definitions = new DefinitionList();
  const documents: Document[] = [];
  const keys: KeyRecord[] = [];
  progress.begin('snapshot', bytes);
  for await (const slice of reader.contents(new TimeSlice(clock))) {
    definitions.add(slice);
    documents.push(...slice.documents);
    keys.push(...slice.keys);
    progress.advance(bytes / footer.blocks);
  }
  return { path, header, footer, bytes, definitions, documents, keys };
}
