import { crc32 } from 'node:zlib';

/**
 * A token: `yara_`, then 61 characters of base 62: 12 that name it, 43 that are its secret, 6 of a CRC-32 of all before. The prefix lets programs that
 * look for leaked secrets find one, the checksum tells a cut or mistyped one from one that is not known.
 */
const prefix = 'yara_';
const idLength = 12;
/** 62^43 is more than 2^256: nobody guesses it, so a fast hash without salt is all that it takes to keep it. */
const secretLength = 43;
const checksumLength = 6;
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const form = new RegExp(`^${prefix}([0-9A-Za-z]{${idLength}})[0-9A-Za-z]{${secretLength + checksumLength}}$`);

/** Bytes that nobody can foresee. */
export type RandomBytes = (size: number) => Uint8Array;

export interface NewAccessToken {
  readonly id: string;
  /** The whole of it, to be shown once and kept nowhere. */
  readonly text: string;
}

export function createAccessToken(randomBytes: RandomBytes): NewAccessToken {
  const id = randomText(idLength, randomBytes);
  const unchecked = prefix + id + randomText(secretLength, randomBytes);
  return { id, text: unchecked + checksumOf(unchecked) };
}

/** Whether it is meant to be a token of this server, whole or not. */
export function isAccessTokenLike(text: string): boolean {
  return text.startsWith(prefix);
}

/** The id of a token that is whole; null of any other text. */
export function accessTokenId(text: string): string | null {
  const [, id] = form.exec(text) ?? [];
  if (id === undefined) return null;
  const checked = text.length - checksumLength;
  return text.slice(checked) === checksumOf(text.slice(0, checked)) ? id : null;
}

function checksumOf(text: string): string {
  let rest = crc32(text);
  let digits = '';
  for (let place = 0; place < checksumLength; place += 1) {
    digits = alphabet.charAt(rest % alphabet.length) + digits;
    rest = Math.floor(rest / alphabet.length);
  }
  return digits;
}

/** Every character is as likely as every other: bytes from the last multiple of 62 on are thrown away. */
function randomText(length: number, randomBytes: RandomBytes): string {
  const limit = 256 - (256 % alphabet.length);
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      if (byte < limit && text.length < length) text += alphabet.charAt(byte % alphabet.length);
    }
  }
  return text;
}
