import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { makeDurableDirectory } from '../ports/durable-directory.ts';
import { type FileSystem, writeFully } from '../ports/file-system.ts';
import { ArchiveError } from './archive-error.ts';
import { archiveEntries, type StreamedEntry } from './archive-stream.ts';
import {
  type BackupManifest,
  isBackupFileName,
  manifestBytesMax,
  manifestName,
  parseManifest,
} from './backup-manifest.ts';
import { writeDurableFile } from './file-transfer.ts';

export type BackupForm = 'archive' | 'directory';

export interface ReceiveOptions {
  readonly fileSystem: FileSystem;
  /** The archive as it arrives. */
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly form: BackupForm;
  /** What is to become the backup: a file or directory that does not exist. */
  readonly target: string;
  /** Under which name it is made, beside the target. */
  readonly partial: string;
  readonly onProgress?: (bytes: number) => void;
}

export interface ReceivedBackup {
  readonly manifest: BackupManifest;
  /** Of the archive. */
  readonly bytes: number;
}

/**
 * Takes a backup in: writes it under another name, checks every file against the manifest, which comes last, syncs everything, and only then
 * gives it its name. Whatever happens, nothing of the name is half a backup; what was made under the other name is left to the
 * caller to remove. Memory is bounded by a piece of the stream and the manifest.
 * @throws {ArchiveError} when what arrives is not whole, or not what the manifest says. Whatever else the stream or the disk throws.
 */
export async function receiveBackup(options: ReceiveOptions): Promise<ReceivedBackup> {
  const { fileSystem, form, target, partial } = options;
  const receiver = new BackupReceiver(options);
  if (form === 'archive') {
    const file = await fileSystem.open(partial, 'replace');
    try {
      let at = 0;
      await receiver.receive(async (chunk) => {
        await writeFully(file, chunk, at);
        at += chunk.length;
      });
      await file.sync();
    } finally {
      await file.close();
    }
  } else {
    await makeDurableDirectory(fileSystem, partial);
    await receiver.receive(null);
  }
  await fileSystem.rename(partial, target);
  await fileSystem.syncDirectory(dirname(target));
  return receiver.result();
}

class BackupReceiver {
  readonly #options: ReceiveOptions;
  readonly #received = new Map<string, { readonly bytes: number; readonly sha256: string }>();
  readonly #folders = new Set<string>();
  #manifest: BackupManifest | null = null;
  #bytes = 0;

  constructor(options: ReceiveOptions) {
    this.#options = options;
  }

  /** @param onChunk told of every piece of the archive as it is; null when the files are to be written one by one. */
  async receive(onChunk: ((chunk: Uint8Array) => Promise<void>) | null): Promise<void> {
    for await (const entry of archiveEntries(this.#passed(onChunk))) {
      if (this.#manifest !== null) throw new ArchiveError(`${entry.name} comes behind the manifest`);
      if (entry.name === manifestName) await this.#readManifest(entry, onChunk === null);
      else await this.#readFile(entry, onChunk === null);
    }
    this.#check();
  }

  result(): ReceivedBackup {
    if (this.#manifest === null) throw new ArchiveError(`the archive has no ${manifestName}`);
    return { manifest: this.#manifest, bytes: this.#bytes };
  }

  async *#passed(onChunk: ((chunk: Uint8Array) => Promise<void>) | null): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#options.chunks) {
      this.#bytes += chunk.length;
      this.#options.onProgress?.(this.#bytes);
      await onChunk?.(chunk);
      yield chunk;
    }
  }

  async #readFile({ name, bytes, content }: StreamedEntry, write: boolean): Promise<void> {
    if (!isBackupFileName(name)) throw new ArchiveError(`the archive holds '${name}', which is no file of a backup`);
    if (this.#received.has(name)) throw new ArchiveError(`the archive holds ${name} twice`);
    const hash = createHash('sha256');
    const hashed = hashing(content, (chunk) => hash.update(chunk));
    if (write) await this.#write(name, hashed);
    else for await (const _ of hashed);
    this.#received.set(name, { bytes, sha256: hash.digest('hex') });
  }

  async #readManifest({ bytes, content }: StreamedEntry, write: boolean): Promise<void> {
    if (bytes > manifestBytesMax) throw new ArchiveError(`${manifestName} is too long`);
    const chunks: Buffer[] = [];
    for await (const chunk of content) chunks.push(Buffer.from(chunk));
    const manifest = Buffer.concat(chunks);
    this.#manifest = parseManifest(manifest.toString('utf8'));
    if (write) await this.#write(manifestName, one(manifest));
  }

  async #write(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const { fileSystem, partial } = this.#options;
    const folder = dirname(path);
    const directory = join(partial, folder);
    if (!this.#folders.has(folder)) await makeDurableDirectory(fileSystem, directory);
    this.#folders.add(folder);
    await writeDurableFile(fileSystem, directory, path.slice(path.lastIndexOf('/') + 1), chunks);
  }

  #check(): void {
    const { files } = this.result().manifest;
    for (const { name, bytes, sha256 } of files) {
      const found = this.#received.get(name);
      if (found === undefined) throw new ArchiveError(`${name} did not arrive`);
      if (found.bytes !== bytes || found.sha256 !== sha256)
        throw new ArchiveError(`${name} did not arrive as it was sent`);
    }
    if (files.length !== this.#received.size) throw new ArchiveError('files arrived that are not in the manifest');
  }
}

async function* hashing(chunks: AsyncIterable<Buffer>, update: (chunk: Buffer) => void): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    update(chunk);
    yield chunk;
  }
}

async function* one(chunk: Buffer): AsyncGenerator<Buffer> {
  yield chunk;
}
