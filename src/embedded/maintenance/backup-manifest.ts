import { isJsonObject, type JsonValue } from '../../document/json.ts';
import { parseJson } from '../../document/json-parser.ts';
import { formatTime, parseTime } from '../../document/timestamp.ts';
import { DatabaseError } from '../../errors.ts';
import { ArchiveError } from './archive-error.ts';

/** What a backup is and holds (FORMAT.md, "Backup"): `manifest.json`, its last file. */
export interface BackupManifest {
  readonly databaseId: string;
  /** Of the database when the backup was taken. What is restored begins another one. */
  readonly epoch: string;
  /** The backup is the database as it was after this commit. */
  readonly sequence: number;
  /** When that was made, in milliseconds since the Unix epoch; null when there was no commit yet. */
  readonly committedAt: number | null;
  readonly createdAt: number;
  /** Of that state, in hex. */
  readonly stateDigest: string;
  /** Everything but the manifest. */
  readonly files: readonly BackupFile[];
}

export interface BackupFile {
  /** Below the data directory, with a slash. */
  readonly name: string;
  readonly bytes: number;
  /** In hex. */
  readonly sha256: string;
}

export const manifestName = 'manifest.json';
/** Room for 100,000 files. */
export const manifestBytesMax = 32 * 1024 * 1024;

const format = 'yaradb-backup';
const version = 1;
const fileName = /^(?:log\/\d{20}\.log|snapshots\/\d{20}\.(?:snapshot|base))$/;
const hexDigest = /^[0-9a-f]{64}$/;
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether a backup may hold a file of this name. No other name is ever made a path. */
export function isBackupFileName(name: string): boolean {
  return fileName.test(name);
}

export function formatManifest(manifest: BackupManifest): string {
  const { committedAt, createdAt, databaseId, epoch, sequence, stateDigest, files } = manifest;
  const shown = {
    format,
    version,
    databaseId,
    epoch,
    sequence,
    committedAt: committedAt === null ? null : formatTime(committedAt),
    createdAt: formatTime(createdAt),
    stateDigest,
    files,
  };
  return `${JSON.stringify(shown, null, 2)}\n`;
}

/** @throws {ArchiveError} when this is no manifest, or one of a newer version. */
export function parseManifest(text: string): BackupManifest {
  const value = parse(text);
  if (!isJsonObject(value) || value.format !== format)
    throw new ArchiveError(`${manifestName} is not that of a backup`);
  if (value.version !== version) {
    throw new ArchiveError(
      `the backup is of version ${String(value.version)}, and this yaradb knows version ${version}`,
    );
  }
  const { databaseId, epoch, sequence, committedAt, createdAt, stateDigest, files } = value;
  const manifest: BackupManifest = {
    databaseId: matching('databaseId', databaseId, uuid),
    epoch: matching('epoch', epoch, uuid),
    sequence: wholeNumber('sequence', sequence),
    committedAt: committedAt === null ? null : time('committedAt', committedAt),
    createdAt: time('createdAt', createdAt),
    stateDigest: matching('stateDigest', stateDigest, hexDigest),
    files: Array.isArray(files) ? files.map(parseFile) : refuse('files'),
  };
  const names = new Set(manifest.files.map(({ name }) => name));
  if (names.size !== manifest.files.length) throw new ArchiveError(`${manifestName} names a file twice`);
  return manifest;
}

function parse(text: string): JsonValue {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof DatabaseError) throw new ArchiveError(`${manifestName} is not JSON: ${error.message}`);
    throw error;
  }
}

function parseFile(value: JsonValue): BackupFile {
  if (!isJsonObject(value)) return refuse('files');
  return {
    name: matching('the name of a file', value.name, fileName),
    bytes: wholeNumber('the size of a file', value.bytes),
    sha256: matching('the SHA-256 of a file', value.sha256, hexDigest),
  };
}

function matching(what: string, value: JsonValue | undefined, pattern: RegExp): string {
  return typeof value === 'string' && pattern.test(value) ? value : refuse(what);
}

function wholeNumber(what: string, value: JsonValue | undefined): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : refuse(what);
}

function time(what: string, value: JsonValue | undefined): number {
  return (typeof value === 'string' ? parseTime(value)?.milliseconds : undefined) ?? refuse(what);
}

function refuse(what: string): never {
  throw new ArchiveError(`${manifestName} is damaged: ${what}`);
}
