import { join } from 'node:path';
import { hashBody } from '../../document/body-hash.ts';
import type { Document } from '../../document/document.ts';
import { TimeSlice } from '../history/time-slice.ts';
import { CorruptionError } from '../log/log-error.ts';
import type { Definitions, KeyRecord, TableRecord } from '../log/record.ts';
import type { Clock } from '../ports/clock.ts';
import { type FileSystem, listIfThere } from '../ports/file-system.ts';
import { DefinitionList } from '../snapshot/definition-list.ts';
import { baseOf, type SnapshotName, snapshotDirectoryName, snapshotNames } from '../snapshot/snapshot-files.ts';
import type { SnapshotFooter, SnapshotHeader } from '../snapshot/snapshot-header.ts';
import { SnapshotReader } from '../snapshot/snapshot-reader.ts';
import { type LogStart, wholeLog } from './log-scan.ts';
import type { Problem } from './problem.ts';

export interface SnapshotScanOptions {
  readonly fileSystem: FileSystem;
  /** The data directory. */
  readonly directory: string;
  readonly clock: Clock;
  readonly onProgress?: (snapshot: number, snapshots: number) => void;
}

/** A snapshot that was read to its end and found good. */
export interface GoodSnapshot extends SnapshotName {
  readonly path: string;
  readonly header: SnapshotHeader;
  readonly footer: SnapshotFooter;
  readonly bytes: number;
  readonly definitions: Definitions;
}

export interface SnapshotScan {
  /** The sequence of the base, behind which the log begins; 0 without one. */
  readonly floor: number;
  /** What the log must continue. */
  readonly start: LogStart;
  /** Those from the floor on that are good, oldest first. */
  readonly good: readonly GoodSnapshot[];
  /** Names of those that are not, and of what an interrupted pruning has left. */
  readonly useless: readonly string[];
  readonly problems: readonly Problem[];
}

/**
 * Reads every snapshot of a data directory to its end: every checksum, count and digest, and the hash of every body. Changes nothing.
 * @throws {NewerFormatError} The system's own error when a file cannot be read.
 */
export async function scanSnapshots(options: SnapshotScanOptions): Promise<SnapshotScan> {
  const directory = join(options.directory, snapshotDirectoryName);
  const names = await listIfThere(options.fileSystem, directory);
  const { snapshots, unknown } = snapshotNames(names);
  const base = baseOf(snapshots);
  const floor = base?.sequence ?? 0;
  const problems: Problem[] = [];
  if (unknown !== undefined) {
    problems.push({ file: join(directory, unknown), offset: 0, sequence: null, reason: 'no snapshot has such a name' });
  }
  const kept = snapshots.filter((snapshot) => snapshot === base || snapshot.sequence >= floor);
  const good: GoodSnapshot[] = [];
  for (const [index, snapshot] of kept.entries()) {
    options.onProgress?.(index + 1, kept.length);
    const found = await scanSnapshot(snapshot, options, problems);
    if (found !== null) good.push(found);
  }
  const goodNames = new Set(good.map(({ name }) => name));
  return {
    floor,
    start: startOf(floor, good.find(({ role }) => role === 'base') ?? null),
    good,
    useless: names.filter((name) => !goodNames.has(name)),
    problems,
  };
}

/** Where the log of a data directory begins, by a look at the header and the tables of its base alone. */
export async function findLogStart({
  fileSystem,
  directory,
  clock,
}: Omit<SnapshotScanOptions, 'onProgress'>): Promise<LogStart> {
  const folder = join(directory, snapshotDirectoryName);
  const base = baseOf(snapshotNames(await listIfThere(fileSystem, folder)).snapshots);
  if (base === undefined) return wholeLog;
  let reader: SnapshotReader | null = null;
  try {
    reader = await SnapshotReader.open(fileSystem, join(folder, base.name));
    const tables: TableRecord[] = [];
    for await (const slice of reader.contents(new TimeSlice(clock))) {
      // Definitions come first.
      if (slice.documents.length > 0) break;
      tables.push(...slice.tables);
    }
    const { seal, databaseId, committedAt } = reader.header;
    return { sequence: base.sequence, committedAt, seal, databaseId, tables };
  } catch (error) {
    if (!(error instanceof CorruptionError)) throw error;
    return { ...unknownStart, sequence: base.sequence };
  } finally {
    await reader?.close();
  }
}

/** All documents and keys of a snapshot that is good. */
export async function readContents(
  { fileSystem, clock }: Pick<SnapshotScanOptions, 'fileSystem' | 'clock'>,
  path: string,
): Promise<{ documents: Document[]; keys: KeyRecord[] }> {
  const reader = await SnapshotReader.open(fileSystem, path);
  try {
    const documents: Document[] = [];
    const keys: KeyRecord[] = [];
    for await (const slice of reader.contents(new TimeSlice(clock))) {
      documents.push(...slice.documents);
      keys.push(...slice.keys);
    }
    return { documents, keys };
  } finally {
    await reader.close();
  }
}

/** What the log behind a floor must continue, as far as its base can tell. */
function startOf(floor: number, base: GoodSnapshot | null): LogStart {
  if (floor === 0 && base === null) return wholeLog;
  if (base === null) return { ...unknownStart, sequence: floor };
  const { seal, databaseId, committedAt } = base.header;
  return { sequence: floor, committedAt, seal, databaseId, tables: base.definitions.tables };
}

async function scanSnapshot(
  snapshot: SnapshotName,
  { fileSystem, directory, clock }: SnapshotScanOptions,
  problems: Problem[],
): Promise<GoodSnapshot | null> {
  const path = join(directory, snapshotDirectoryName, snapshot.name);
  const { sequence } = snapshot;
  const report = (offset: number, reason: string): null => {
    problems.push({ file: path, offset, sequence, reason });
    return null;
  };
  let reader: SnapshotReader | null = null;
  try {
    reader = await SnapshotReader.open(fileSystem, path);
    const { header, footer, bytes } = reader;
    if (header.sequence !== sequence) {
      return report(0, `it is the snapshot of commit ${header.sequence} under another's name`);
    }
    const definitions = new DefinitionList();
    let sound = true;
    for await (const slice of reader.contents(new TimeSlice(clock))) {
      definitions.add(slice);
      for (const document of slice.documents) {
        const hash = hashBody(document.body);
        if (hash === document.bodyHash) continue;
        sound = false;
        report(0, `the body of document ${document.id} has the hash ${hash}, not ${document.bodyHash} as recorded`);
      }
    }
    return sound ? { ...snapshot, path, header, footer, bytes, definitions } : null;
  } catch (error) {
    if (!(error instanceof CorruptionError)) throw error;
    return report(error.position.offset, error.reason);
  } finally {
    await reader?.close();
  }
}

/** Behind a base that is damaged. */
const unknownStart = { committedAt: null, seal: null, databaseId: null, tables: null } as const;
