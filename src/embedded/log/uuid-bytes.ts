import { Buffer } from 'node:buffer';

export const uuidBytes = 16;

const hexDigits = '0123456789abcdef';
const textLength = 36;
/** Where each byte's two digits stand in the text: groups of 4, 2, 2, 2 and 6 bytes, hyphens between them. */
const digitPositions = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
const hyphenPositions = [8, 13, 18, 23];
const hyphen = 0x2d;

const scratch = Buffer.alloc(textLength, hyphen);

/** Writes a lower-case UUID as its 16 bytes. @throws {RangeError} when it is none. */
export function writeUuid(target: Uint8Array, at: number, uuid: string): void {
  if (uuid.length !== textLength) throw new RangeError(`'${uuid}' is no UUID`);
  for (const position of hyphenPositions) {
    if (uuid.charCodeAt(position) !== hyphen) throw new RangeError(`'${uuid}' is no UUID`);
  }
  let offset = at;
  for (const position of digitPositions) {
    const byte = (digitValue(uuid.charCodeAt(position)) << 4) | digitValue(uuid.charCodeAt(position + 1));
    if (byte < 0) throw new RangeError(`'${uuid}' is no lower-case UUID`);
    target[offset] = byte;
    offset += 1;
  }
}

/** The UUID that the 16 bytes at `at` are. One flat string: it will be a key that is kept for long. */
export function readUuid(source: Buffer, at: number): string {
  let offset = at;
  for (const position of digitPositions) {
    const byte = source.readUInt8(offset);
    scratch[position] = hexDigits.charCodeAt(byte >> 4);
    scratch[position + 1] = hexDigits.charCodeAt(byte & 15);
    offset += 1;
  }
  return scratch.toString('latin1', 0, textLength);
}

/**
 * Compares the ids at two places: negative where the first is below the second, 0 where they are one. Word by word, since to call
 * `Buffer.compare` for so few bytes takes several times as long.
 */
export function compareUuids(first: Buffer, firstAt: number, second: Buffer, secondAt: number): number {
  for (let word = 0; word < uuidBytes; word += 4) {
    const difference = first.readUInt32BE(firstAt + word) - second.readUInt32BE(secondAt + word);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Word by word, as in `compareUuids`. */
export function copyUuid(source: Buffer, sourceAt: number, target: Buffer): void {
  for (let word = 0; word < uuidBytes; word += 4) {
    target.writeUInt32BE(source.readUInt32BE(sourceAt + word), word);
  }
}

/** A random UUID (version 4) of 16 random bytes. */
export function uuidOfRandom(random: Uint8Array): string {
  const bytes = Buffer.from(random);
  bytes[6] = (bytes.readUInt8(6) & 0x0f) | 0x40;
  bytes[8] = (bytes.readUInt8(8) & 0x3f) | 0x80;
  return readUuid(bytes, 0);
}

/** -1 for what is no lower-case hex digit, which makes the byte that it is part of negative. */
function digitValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  if (code >= 0x61 && code <= 0x66) return code - 0x61 + 10;
  return -1;
}
