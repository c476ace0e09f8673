import { InvalidArgumentError } from '../errors.ts';

/** A parsed JSON Pointer (RFC 6901): the keys that lead to a place, none for the whole value. `text` is what was parsed. */
export interface JsonPointer {
  readonly text: string;
  readonly keys: readonly string[];
}

/**
 * @param argument What the client calls the pointer, for the error.
 * @throws {InvalidArgumentError} For a text that does not begin with `/` and is not empty, and for a `~` that escapes nothing.
 */
export function parseJsonPointer(text: string, argument: string): JsonPointer {
  if (text === '') return { text, keys: [] };
  if (!text.startsWith('/') || /~(?![01])/.test(text)) {
    throw new InvalidArgumentError(`${argument}: '${text}' is no JSON Pointer (RFC 6901)`, {
      path: argument,
      expected: "keys that each follow a '/', such as '/address/city'; ~0 stands for ~, ~1 for /",
    });
  }
  return { text, keys: text.slice(1).split('/').map(unescapeKey) };
}

/** RFC 6901, section 4: `~1` first, so that `~01` becomes `~1` and not `/`. */
function unescapeKey(key: string): string {
  return key.replaceAll('~1', '/').replaceAll('~0', '~');
}
