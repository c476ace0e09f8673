import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { FileSystem } from '../ports/file-system.ts';
import { type BackupFile, type BackupManifest, formatManifest, manifestName } from './backup-manifest.ts';
import { readChunks } from './file-transfer.ts';
import { encodeTarHeader, tarEnd, tarPaddingBytes } from './tar.ts';

/** A state of the database as files that do not change any more, for as long as whoever gave it promises. */
export interface BackupSource extends Omit<BackupManifest, 'files'> {
  readonly files: readonly SourceFile[];
}

export interface SourceFile {
  /** Below the data directory, with a slash. */
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
}

/**
 * The backup as one archive, made while it is read: the files, each hashed as it passes, then the manifest. Holds one chunk in memory, and
 * reads on only when the one before was taken.
 * @throws {Error} when a file has not the size that it is said to have, or cannot be read.
 */
export async function* backupArchive(fileSystem: FileSystem, source: BackupSource): AsyncGenerator<Buffer> {
  const files: BackupFile[] = [];
  for (const { name, path, bytes } of source.files) {
    yield encodeTarHeader({ name, bytes }, source.createdAt);
    const hash = createHash('sha256');
    let read = 0;
    for await (const chunk of readChunks(fileSystem, path, 0, bytes)) {
      hash.update(chunk);
      read += chunk.length;
      // A copy, because the buffer is read into again while this one is still on its way.
      yield Buffer.from(chunk);
    }
    if (read !== bytes) throw new Error(`${path} has ${read} bytes instead of ${bytes}`);
    yield padding(bytes);
    files.push({ name, bytes, sha256: hash.digest('hex') });
  }
  const manifest = Buffer.from(formatManifest({ ...source, files }));
  yield encodeTarHeader({ name: manifestName, bytes: manifest.length }, source.createdAt);
  yield manifest;
  yield padding(manifest.length);
  yield tarEnd;
}

/** Empty when nothing is missing to a whole block. */
function padding(bytes: number): Buffer {
  return Buffer.alloc(tarPaddingBytes(bytes));
}
