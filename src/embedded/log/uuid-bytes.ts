import { Buffer } from 'node:buffer';
import { MalformedError } from './log-error.ts';

export const uuidBytes = 16;

const hexDigits = '0123456789abcdef';
const textLength = 36;
/** Where each byte's two digits stand in the text: groups of 4, 2, 2, 2 and 6 bytes, hyphens between them. */
const digitPositions = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
const hyphen = 0x2d;

const scratch = Buffer.alloc(textLength, hyphen);
const digitCodes = Uint8Array.from(hexDigits, (digit) => digit.charCodeAt(0));

/** Writes a lower-case UUID as its 16 bytes. @throws {MalformedError} when it is none. */
export function writeUuid(target: Uint8Array, at: number, uuid: string): void {
  if (uuid.length !== textLength) throw new MalformedError(`'${uuid}' is no UUID`);
  for (let index = 0; index < uuidBytes; index += 1) {
    const position = digitPositions[index] ?? 0;
    const byte = (digitValue(uuid.charCodeAt(position)) << 4) | digitValue(uuid.charCodeAt(position + 1));
    if (byte < 0) throw new MalformedError(`'${uuid}' is no lower-case UUID`);
    target[at + index] = byte;
  }
}

/** The UUID that the 16 bytes at `at` are. One flat string: it will be a key that is kept for long. */
export function readUuid(source: Uint8Array, at: number): string {
  for (let index = 0; index < uuidBytes; index += 1) {
    const byte = source[at + index] ?? 0;
    const position = digitPositions[index] ?? 0;
    scratch[position] = digitCodes[byte >> 4] ?? 0;
    scratch[position + 1] = digitCodes[byte & 15] ?? 0;
  }
  return scratch.toString('latin1', 0, textLength);
}

/** A random UUID (version 4) of 16 random bytes. */
export function uuidOfRandom(random: Uint8Array): string {
  const bytes = Uint8Array.from(random);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return readUuid(bytes, 0);
}

/** -1 for what is no lower-case hex digit, which makes the byte that it is part of negative. */
function digitValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  if (code >= 0x61 && code <= 0x66) return code - 0x61 + 10;
  return -1;
}
