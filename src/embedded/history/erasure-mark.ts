import { Buffer } from 'node:buffer';
import { join } from 'node:path';
import { readInt64 } from '../log/byte-reader.ts';
import { writeInt64 } from '../log/byte-writer.ts';
import { beginHeader, checkHeader, checkZeros, databaseIdAt, endHeader } from '../log/file-header.ts';
import { unlessUnreadable } from '../log/log-error.ts';
import { readUuid } from '../log/uuid-bytes.ts';
import { type FileSystem, ifThere, readFully, writeFully } from '../ports/file-system.ts';
import { replaceFile } from './temporary-file.ts';

/** FORMAT.md, "Erasure on disk": `log/erased`. */
export const erasureMarkName = 'erased';
const magic = Buffer.from('\x89YARAERS', 'latin1');
const sequenceAt = databaseIdAt + 16;
const zerosAt = sequenceAt + 8;
const checksumAt = zerosAt + 20;
const markBytes = checksumAt + 4;

/**
 * The sequence up to which `eraseDocument` records have been carried out on disk; 0 when that is not known.
 * @param directory `log/` of the data directory.
 */
export async function readErasureMark(fileSystem: FileSystem, directory: string, databaseId: string): Promise<number> {
  const bytes = await ifThere(readMark(fileSystem, join(directory, erasureMarkName)));
  if (bytes === null) return 0;
  // It tells only what need not be looked at again.
  return unlessUnreadable(() => decodeMark(bytes, databaseId)) ?? 0;
}

function decodeMark(bytes: Buffer, databaseId: string): number {
  checkHeader(bytes, magic, markBytes);
  checkZeros(bytes, zerosAt, checksumAt);
  return readUuid(bytes, databaseIdAt) === databaseId ? readInt64(bytes, sequenceAt) : 0;
}

export async function writeErasureMark(
  fileSystem: FileSystem,
  directory: string,
  databaseId: string,
  sequence: number,
): Promise<void> {
  const bytes = beginHeader(magic, markBytes, databaseId);
  writeInt64(bytes, sequence, sequenceAt);
  endHeader(bytes);
  await replaceFile({ fileSystem, directory, name: erasureMarkName, write: (file) => writeFully(file, bytes, 0) });
}

async function readMark(fileSystem: FileSystem, path: string): Promise<Buffer> {
  const file = await fileSystem.open(path, 'read');
  try {
    const bytes = Buffer.alloc(Math.min(await file.size(), 2 * markBytes));
    return bytes.subarray(0, await readFully(file, bytes, 0));
  } finally {
    await file.close();
  }
}
