import { Buffer } from 'node:buffer';
import { join } from 'node:path';
import { refusingNoSpace } from '../log/durable-file.ts';
import { temporarySuffix } from '../log/log-files.ts';
import { type FileSystem, readFully, writeFully } from '../ports/file-system.ts';

export const chunkBytes = 1024 * 1024;

/** The bytes of a file from front to back. A chunk is good until the next one is asked for. */
export async function* readChunks(
  fileSystem: FileSystem,
  path: string,
  start = 0,
  end = Number.MAX_SAFE_INTEGER,
): AsyncGenerator<Buffer> {
  const file = await fileSystem.open(path, 'read');
  try {
    const buffer = Buffer.allocUnsafe(chunkBytes);
    let at = start;
    while (at < end) {
      const read = await readFully(file, buffer.subarray(0, Math.min(chunkBytes, end - at)), at);
      if (read === 0) return;
      yield buffer.subarray(0, read);
      at += read;
    }
  } finally {
    await file.close();
  }
}

/**
 * Makes a file of these bytes that has its name only when they are on disk: written to a temporary file, synced, renamed, and the
 * directory synced.
 * @throws {NoSpaceError} when there is no room; nothing of it is left.
 */
export async function writeDurableFile(
  fileSystem: FileSystem,
  directory: string,
  name: string,
  chunks: AsyncIterable<Uint8Array>,
): Promise<void> {
  await writeTemporaryFile(fileSystem, directory, name, chunks);
  const path = join(directory, name);
  await fileSystem.rename(path + temporarySuffix, path);
  await fileSystem.syncDirectory(directory);
}

/** The first half of it: the bytes are on disk under the temporary name. */
export async function writeTemporaryFile(
  fileSystem: FileSystem,
  directory: string,
  name: string,
  chunks: AsyncIterable<Uint8Array>,
): Promise<void> {
  const temporary = join(directory, name) + temporarySuffix;
  const file = await refusingNoSpace(temporary, () => fileSystem.open(temporary, 'replace'));
  const giveBack = () => fileSystem.remove(temporary);
  try {
    let at = 0;
    for await (const chunk of chunks) {
      await refusingNoSpace(temporary, () => writeFully(file, chunk, at), giveBack);
      at += chunk.length;
    }
    await file.sync();
  } finally {
    await file.close();
  }
}
