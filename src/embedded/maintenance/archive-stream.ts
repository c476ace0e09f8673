import { Buffer } from 'node:buffer';
import { ArchiveError } from './archive-error.ts';
import { decodeTarHeader, type TarEntry, tarBlockBytes, tarPaddingBytes } from './tar.ts';

export interface StreamedEntry extends TarEntry {
  /** To be read to its end before the next entry is asked for. */
  readonly content: AsyncGenerator<Buffer>;
}

/**
 * The files of an archive that comes in piece by piece, in order. Holds no more of it than the piece that came last.
 * @throws {ArchiveError} when it ends before its end, or holds anything but files.
 */
export async function* archiveEntries(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<StreamedEntry> {
  const source = new ByteSource(chunks);
  for (;;) {
    const header = decodeTarHeader(await source.read(tarBlockBytes));
    if (header.kind === 'end') break;
    if (header.kind === 'directory') continue;
    const { name, bytes } = header;
    yield { name, bytes, content: source.stream(bytes) };
    await source.read(tarPaddingBytes(bytes));
  }
  // Whoever reads to the end knows that the other side has sent all of it.
  await source.drain();
}

/** Cuts what comes in pieces of any size into pieces of a wanted size. */
class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** @throws {ArchiveError} when it ends before. */
  async read(size: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for await (const part of this.stream(size)) parts.push(Buffer.from(part));
    return Buffer.concat(parts);
  }

  async *stream(size: number): AsyncGenerator<Buffer> {
    let left = size;
    while (left > 0) {
      if (this.#rest.length === 0) {
        const { done, value } = await this.#chunks.next();
        if (done === true) throw new ArchiveError('the archive ends before its end');
        this.#rest = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      }
      const part = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }

  async drain(): Promise<void> {
    while ((await this.#chunks.next()).done !== true);
  }
}
