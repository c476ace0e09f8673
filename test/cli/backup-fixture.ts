import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type BackupSource, backupArchive } from '../../src/embedded/maintenance/backup-stream.ts';
import { scanLog, wholeLog } from '../../src/embedded/maintenance/log-scan.ts';
import { decodeTarHeader, encodeTarHeader, tarEnd, tarPaddingBytes } from '../../src/embedded/maintenance/tar.ts';
import { verifyDirectory } from '../../src/embedded/maintenance/verification.ts';
import { systemClock } from '../../src/embedded/ports/clock.ts';
import { nodeFileSystem } from '../../src/embedded/ports/node-file-system.ts';
import { contentDigest } from '../../src/embedded/snapshot/content-digest.ts';
import { State } from '../../src/embedded/state.ts';
import { segmentsOf } from './data-fixture.ts';

const ports = { fileSystem: nodeFileSystem, clock: systemClock };

/** What a running server would give of a directory that is closed: all its files are sealed. */
export async function sourceOf(directory: string): Promise<BackupSource> {
  const report = await verifyDirectory({ ...ports, directory });
  const { databaseId, epoch, sequence, committedAt, stateDigest: digest } = report;
  if (databaseId === null || epoch === null || digest === null) throw new Error(`${directory} is not good`);
  const files = segmentsOf(directory).map((path) => ({
    name: `log/${basename(path)}`,
    path,
    bytes: statSync(path).size,
  }));
  return { databaseId, epoch, sequence, committedAt, stateDigest: digest, createdAt: Date.now(), files };
}

/** Writes the backup of a closed directory as an archive. */
export async function writeArchive(directory: string, path: string, more: Partial<BackupSource> = {}): Promise<void> {
  const chunks: Buffer[] = [];
  const source = { ...(await sourceOf(directory)), ...more };
  for await (const chunk of backupArchive(nodeFileSystem, source)) chunks.push(chunk);
  writeFileSync(path, Buffer.concat(chunks));
}

export interface Entry {
  readonly name: string;
  readonly content: Buffer;
}

/** The files of an archive. */
export function entriesOf(path: string): Entry[] {
  const bytes = readFileSync(path);
  const entries: Entry[] = [];
  for (let at = 0; ; ) {
    const header = decodeTarHeader(bytes.subarray(at, at + 512));
    if (header.kind !== 'file') return entries;
    entries.push({ name: header.name, content: bytes.subarray(at + 512, at + 512 + header.bytes) });
    at += 512 + header.bytes + tarPaddingBytes(header.bytes);
  }
}

export function archiveOf(entries: readonly Entry[]): Buffer {
  const parts = entries.flatMap(({ name, content }) => [
    encodeTarHeader({ name, bytes: content.length }, 0),
    content,
    Buffer.alloc(tarPaddingBytes(content.length)),
  ]);
  return Buffer.concat([...parts, tarEnd]);
}

/** The files of an archive as a directory. */
export function unpack(archive: string, directory: string): void {
  for (const { name, content } of entriesOf(archive)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
}

/** The digest of the state after each commit of a good directory, that of no commit first, and when each was made. */
export async function statesOf(
  directory: string,
): Promise<readonly { readonly digest: string; readonly committedAt: number }[]> {
  const state = new State();
  const states = [{ digest: contentDigest(state), committedAt: 0 }];
  for await (const part of scanLog({ ...ports, directory, start: wholeLog })) {
    if (part.kind !== 'frame') continue;
    for (const commit of part.commits) {
      state.apply(commit);
      states.push({ digest: contentDigest(state), committedAt: commit.committedAt });
    }
  }
  return states;
}
