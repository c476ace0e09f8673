import { Buffer } from 'node:buffer';
import { ArchiveError } from './archive-error.ts';

/**
 * As much of the tar format (POSIX.1-2017, pax, "ustar Interchange Format") as an archive of regular files takes. Sizes of 8 GiB and more are
 * written in base 256, as GNU tar and all others since do it. What an archive may hold besides, links above all, is refused: nothing
 * that such an archive says can reach the file system.
 */
export const tarBlockBytes = 512;

const nameBytes = 100;
const sizeAt = 124;
const sizeBytes = 12;
const timeAt = 136;
const checksumAt = 148;
const checksumBytes = 8;
const typeAt = 156;
const magicAt = 257;
const prefixAt = 345;
const prefixBytes = 155;

/** What an octal size of 11 digits ends before. */
const octalSizeEnd = 8 ** 11;
const base256Mark = 0x80;

export interface TarEntry {
  readonly name: string;
  readonly bytes: number;
}

/** @param time in milliseconds since the Unix epoch. @throws {RangeError} for a name that is too long. */
export function encodeTarHeader({ name, bytes }: TarEntry, time: number): Buffer {
  const header = Buffer.alloc(tarBlockBytes);
  if (Buffer.byteLength(name) > nameBytes) throw new RangeError(`'${name}' is too long a name for an archive`);
  header.write(name, 0);
  header.write('0000600\0', 100); // mode: documents are their owner's business only
  header.write('0000000\0', 108); // user
  header.write('0000000\0', 116); // group
  writeSize(header, bytes);
  header.write(`${octal(Math.max(0, Math.floor(time / 1000)), 11)}\0`, timeAt);
  header.write('0', typeAt);
  header.write('ustar\x0000', magicAt, 'latin1');
  header.write(`${octal(checksumOf(header), 6)}\0 `, checksumAt);
  return header;
}

/** How many zeros follow so many bytes of content. */
export function tarPaddingBytes(bytes: number): number {
  return (tarBlockBytes - (bytes % tarBlockBytes)) % tarBlockBytes;
}

/** Two blocks of zeros. */
export const tarEnd: Buffer = Buffer.alloc(2 * tarBlockBytes);

/** What a header says: a file, a directory, which has no content, or the end of the archive. */
export type TarHeader =
  | ({ readonly kind: 'file' } & TarEntry)
  | { readonly kind: 'directory' }
  | { readonly kind: 'end' };

/** @throws {ArchiveError} for what is no header, or one of something other than a file or directory. */
export function decodeTarHeader(header: Buffer): TarHeader {
  if (header.length < tarBlockBytes) throw new ArchiveError('the archive ends in the middle of a header');
  if (header.every((byte) => byte === 0)) return { kind: 'end' };
  const recorded = readOctal(header, checksumAt, checksumBytes);
  if (recorded !== checksumOf(header)) throw new ArchiveError('the checksum of a header in the archive does not hold');
  const type = String.fromCharCode(header[typeAt] ?? 0);
  if (type === '5') return { kind: 'directory' };
  const ownName = readText(header, 0, nameBytes);
  if (type !== '0' && type !== '\0') {
    throw new ArchiveError(
      `the archive holds '${ownName}' of type '${type}', and archives of yaradb hold plain files only. ` +
        'Unpack it, and restore the directory that comes of it',
    );
  }
  const prefix =
    header.toString('latin1', magicAt, magicAt + 6) === 'ustar\0' ? readText(header, prefixAt, prefixBytes) : '';
  const name = (prefix === '' ? ownName : `${prefix}/${ownName}`).replace(/^\.\//, '');
  return { kind: 'file', name, bytes: readSize(header) };
}

function writeSize(header: Buffer, bytes: number): void {
  if (bytes < octalSizeEnd) {
    header.write(`${octal(bytes, 11)}\0`, sizeAt);
    return;
  }
  header[sizeAt] = base256Mark;
  header.writeBigUInt64BE(BigInt(bytes), sizeAt + sizeBytes - 8);
}

function readSize(header: Buffer): number {
  const first = header[sizeAt] ?? 0;
  if ((first & base256Mark) === 0) return readOctal(header, sizeAt, sizeBytes);
  const size = header.readBigUInt64BE(sizeAt + sizeBytes - 8);
  const beyond = header.subarray(sizeAt + 1, sizeAt + sizeBytes - 8).some((byte) => byte !== 0);
  if (first !== base256Mark || beyond || size > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new ArchiveError('the archive holds a file of an impossible size');
  }
  return Number(size);
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

function readOctal(header: Buffer, at: number, length: number): number {
  const text = header
    .toString('latin1', at, at + length)
    .replace(/[\0 ]+$/, '')
    .trimStart();
  if (!/^[0-7]{1,12}$/.test(text)) throw new ArchiveError('a header in the archive holds no number where one is due');
  return Number.parseInt(text, 8);
}

function readText(header: Buffer, at: number, length: number): string {
  const bytes = header.subarray(at, at + length);
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end === -1 ? length : end);
}

/** The sum of all bytes, with spaces in the place of the checksum itself. */
function checksumOf(header: Buffer): number {
  let sum = checksumBytes * 0x20;
  for (let at = 0; at < tarBlockBytes; at += 1) {
    if (at < checksumAt || at >= checksumAt + checksumBytes) sum += header[at] ?? 0;
  }
  return sum;
}
