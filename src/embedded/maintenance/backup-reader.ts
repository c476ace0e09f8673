import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type FileSystem, listIfThere, readFully, systemErrorCode } from '../ports/file-system.ts';
import { ArchiveError } from './archive-error.ts';
import {
  type BackupFile,
  type BackupManifest,
  isBackupFileName,
  manifestBytesMax,
  manifestName,
  parseManifest,
} from './backup-manifest.ts';
import { readChunks } from './file-transfer.ts';
import { decodeTarHeader, tarBlockBytes, tarPaddingBytes } from './tar.ts';

/** A backup whose manifest was read; its files are checked against that as they are. */
export interface Backup {
  readonly manifest: BackupManifest;
  /** The content of a file of the manifest. @throws {ArchiveError} at its end, when it is not what the manifest says. */
  read(file: BackupFile): AsyncGenerator<Buffer>;
}

/** Where the bytes of a file are. */
interface Place {
  readonly path: string;
  readonly start: number;
  readonly bytes: number;
}

/**
 * Opens a backup: a directory, or an archive. No name that it holds is made a path but those of `isBackupFileName`.
 * @throws {ArchiveError} when it is none, or its files are not those of its manifest. The system's own error when it cannot be read.
 */
export async function openBackup(fileSystem: FileSystem, path: string): Promise<Backup> {
  const places = (await isDirectory(fileSystem, path))
    ? await placesInDirectory(fileSystem, path)
    : await placesInArchive(fileSystem, path);
  const manifest = await readManifest(fileSystem, path, places.get(manifestName));
  for (const { name, bytes } of manifest.files) {
    const found = places.get(name);
    if (found === undefined) throw new ArchiveError(`${name} is missing in ${path}`);
    if (found.bytes !== bytes)
      throw new ArchiveError(`${name} in ${path} has ${found.bytes} bytes instead of ${bytes}`);
  }
  const known = new Set(manifest.files.map(({ name }) => name));
  for (const name of places.keys()) {
    if (name !== manifestName && !known.has(name)) throw new ArchiveError(`${name} in ${path} is not in its manifest`);
  }
  return {
    manifest,
    async *read({ name, sha256 }) {
      const place = places.get(name);
      if (place === undefined) throw new ArchiveError(`${name} is missing in ${path}`);
      const hash = createHash('sha256');
      for await (const chunk of readChunks(fileSystem, place.path, place.start, place.start + place.bytes)) {
        hash.update(chunk);
        yield chunk;
      }
      if (hash.digest('hex') !== sha256)
        throw new ArchiveError(`${name} in ${path} is damaged: its SHA-256 is another`);
    },
  };
}

async function isDirectory(fileSystem: FileSystem, path: string): Promise<boolean> {
  try {
    await fileSystem.list(path);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOTDIR') return false;
    throw error;
  }
}

async function placesInDirectory(fileSystem: FileSystem, directory: string): Promise<Map<string, Place>> {
  const names = ['log', 'snapshots'].map(async (folder) => {
    return (await listIfThere(fileSystem, join(directory, folder))).map((name) => `${folder}/${name}`);
  });
  const places = new Map<string, Place>();
  for (const name of [manifestName, ...(await Promise.all(names)).flat()]) {
    if (name !== manifestName && !isBackupFileName(name)) continue;
    const bytes = await sizeOf(fileSystem, join(directory, name));
    if (bytes !== null) places.set(name, { path: join(directory, name), start: 0, bytes });
  }
  return places;
}

async function placesInArchive(fileSystem: FileSystem, path: string): Promise<Map<string, Place>> {
  const places = new Map<string, Place>();
  const file = await fileSystem.open(path, 'read');
  try {
    const size = await file.size();
    const block = Buffer.alloc(tarBlockBytes);
    for (let at = 0; ; ) {
      const header = decodeTarHeader(block.subarray(0, await readFully(file, block, at)));
      if (header.kind === 'end') return places;
      at += tarBlockBytes;
      if (header.kind === 'directory') continue;
      const { name, bytes } = header;
      if (name !== manifestName && !isBackupFileName(name)) {
        throw new ArchiveError(`${path} holds '${name}', which is no file of a backup`);
      }
      if (places.has(name)) throw new ArchiveError(`${path} holds ${name} twice`);
      if (at + bytes > size) throw new ArchiveError(`${path} ends in the middle of ${name}`);
      places.set(name, { path, start: at, bytes });
      at += bytes + tarPaddingBytes(bytes);
    }
  } finally {
    await file.close();
  }
}

async function readManifest(fileSystem: FileSystem, path: string, place: Place | undefined): Promise<BackupManifest> {
  if (place === undefined) throw new ArchiveError(`${path} is no backup: it has no ${manifestName}`);
  if (place.bytes > manifestBytesMax) throw new ArchiveError(`${manifestName} in ${path} is too long`);
  const chunks: Buffer[] = [];
  for await (const chunk of readChunks(fileSystem, place.path, place.start, place.start + place.bytes)) {
    chunks.push(Buffer.from(chunk));
  }
  return parseManifest(Buffer.concat(chunks).toString('utf8'));
}

async function sizeOf(fileSystem: FileSystem, path: string): Promise<number | null> {
  try {
    const file = await fileSystem.open(path, 'read');
    try {
      return await file.size();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null;
    throw error;
  }
}
