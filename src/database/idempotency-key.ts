import { InvalidArgumentError } from '../errors.ts';

export const idempotencyKeyLengthMax = 255;
const expected = `1 to ${idempotencyKeyLengthMax} printable ASCII characters, such as a UUID`;

/**
 * A key as clients may choose it, whatever the door: what a structured string of HTTP (RFC 9651, 3.3.3) can hold, so that every key can be sent as
 * the header, too.
 * @param argument What the client calls it.
 * @throws {InvalidArgumentError}
 */
export function parseIdempotencyKey(key: string, argument: string): string {
  if (key === '')
    throw new InvalidArgumentError(`${argument} is empty: expected ${expected}`, { path: argument, expected });
  if (key.length > idempotencyKeyLengthMax) {
    throw new InvalidArgumentError(`${argument} has ${key.length} characters: expected ${expected}`, {
      path: argument,
      expected,
    });
  }
  if (!/^[ -~]+$/.test(key)) {
    throw new InvalidArgumentError(`${argument} has a character that is not printable ASCII: expected ${expected}`, {
      path: argument,
      expected,
    });
  }
  return key;
}
