import { InvalidArgumentError } from '../errors.ts';
import { parseInteger } from './request-shape.ts';

/**
 * The parameters after the `?` of a URL, read as the predecessor read them: of a name that comes twice the last counts, and
 * names that nobody asks for are ignored.
 */
export class QueryParameters {
  readonly #values = new Map<string, string>();

  /** @throws {InvalidArgumentError} for what is not UTF-8: a router's own reading would leave or replace it. */
  constructor(url: string) {
    const start = url.indexOf('?');
    if (start === -1) return;
    for (const pair of url.slice(start + 1).split('&')) {
      const equals = pair.indexOf('=');
      const name = equals === -1 ? pair : pair.slice(0, equals);
      this.#values.set(decode(name), equals === -1 ? '' : decode(pair.slice(equals + 1)));
    }
  }

  text(name: string): string | undefined {
    return this.#values.get(name);
  }

  /** Python writes `True`, JSON `true`, and the predecessor took some more. False when it is not there. */
  boolean(name: string): boolean {
    const given = this.#values.get(name);
    if (given === undefined) return false;
    const value = booleans.get(given.trim().toLowerCase());
    if (value === undefined) throw wrongParameter(name, given, 'true or false');
    return value;
  }

  /** A whole number from 0 on. */
  count(name: string): number | undefined {
    const given = this.#values.get(name);
    if (given === undefined) return undefined;
    const value = parseInteger(given);
    if (value === undefined || value < 0) throw wrongParameter(name, given, 'a whole number from 0 on');
    return value;
  }
}

const booleans: ReadonlyMap<string, boolean> = new Map([
  ...['true', '1', 'yes', 'on', 't', 'y'].map((text) => [text, true] as const),
  ...['false', '0', 'no', 'off', 'f', 'n'].map((text) => [text, false] as const),
]);

function decode(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (error) {
    const expected = 'percent-encoded UTF-8';
    throw new InvalidArgumentError(
      `'${text}' in the URL cannot be decoded: expected ${expected}`,
      { expected },
      { cause: error },
    );
  }
}

export function wrongParameter(name: string, given: string, expected: string): InvalidArgumentError {
  return new InvalidArgumentError(`${name} is '${given}': expected ${expected}`, { path: name, expected });
}
