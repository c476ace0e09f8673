import { InvalidArgumentError } from '../errors.ts';
import { parseInteger } from './request-shape.ts';

/**
 * The parameters after the `?`, read as the predecessor read them: of a name that comes twice the last counts, and names
 * that nobody asks for are ignored.
 */
export class QueryParameters {
  readonly #values: ReadonlyMap<string, string>;

  constructor(query: unknown) {
    const entries = typeof query === 'object' && query !== null ? Object.entries(query) : [];
    const values = new Map<string, string>();
    for (const [name, given] of entries) {
      const value: unknown = Array.isArray(given) ? given.at(-1) : given;
      if (typeof value === 'string') values.set(name, value);
    }
    this.#values = values;
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

export function wrongParameter(name: string, given: string, expected: string): InvalidArgumentError {
  return new InvalidArgumentError(`${name} is '${given}': expected ${expected}`, { path: name, expected });
}
