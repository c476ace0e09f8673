import { LimitExceededError } from '../errors.ts';
import type { JsonArray, JsonObject, JsonValue } from './json.ts';
import { defaultJsonLimits, type JsonLimits } from './json-parser.ts';

/** What a body that the server makes may be like: the same as one that is sent. */
export interface BodyLimits extends JsonLimits {
  /** About the characters of its JSON text. */
  readonly bodyLengthMax: number;
}

export const defaultBodyLimits: BodyLimits = Object.freeze({ ...defaultJsonLimits, bodyLengthMax: 16 * 1024 * 1024 });

/**
 * @param argument What the client calls the change that made the body, for the error.
 * @returns about how many characters its JSON text has: strings are counted as they are.
 * @throws {LimitExceededError} when it is longer, nests deeper or holds a longer integer than it may.
 */
export function checkBody(body: JsonObject, limits: BodyLimits, argument: string): number {
  return new BodyWalk(limits, argument).lengthBefore(body);
}

/** Parts of a body may be shared, so that it is much longer than it is large: the walk ends as soon as it is too long. */
class BodyWalk {
  readonly #limits: BodyLimits;
  readonly #argument: string;
  #length = 0;

  constructor(limits: BodyLimits, argument: string) {
    this.#limits = limits;
    this.#argument = argument;
  }

  lengthBefore(body: JsonObject): number {
    this.#enter(body, 1);
    return this.#length;
  }

  #value(value: JsonValue | undefined, level: number): void {
    switch (typeof value) {
      case 'string':
        this.#add(value.length + 3);
        break;
      case 'bigint':
        this.#integer(value);
        break;
      case 'object':
        if (value === null) this.#add(5);
        else this.#enter(value, level);
        break;
      default:
        this.#add(typeof value === 'number' ? numberLength(value) + 1 : 6);
    }
  }

  #enter(container: JsonArray | JsonObject, level: number): void {
    const { nestingMax } = this.#limits;
    if (level > nestingMax) throw this.#tooMuch(`nest deeper than ${nestingMax} levels`, nestingMax);
    this.#add(3);
    if (Array.isArray(container)) {
      for (const element of container) this.#value(element, level + 1);
      return;
    }
    for (const [key, member] of Object.entries(container)) {
      this.#add(key.length + 3);
      this.#value(member, level + 1);
    }
  }

  #integer(value: bigint): void {
    const { integerDigitsMax } = this.#limits;
    const digits = value.toString().length - (value < 0n ? 1 : 0);
    if (digits > integerDigitsMax) {
      throw this.#tooMuch(`hold an integer of more than ${integerDigitsMax} digits`, integerDigitsMax);
    }
    this.#add(digits + 2);
  }

  #add(length: number): void {
    const { bodyLengthMax } = this.#limits;
    this.#length += length;
    if (this.#length > bodyLengthMax) throw this.#tooMuch(`have more than ${bodyLengthMax} characters`, bodyLengthMax);
  }

  #tooMuch(problem: string, limit: number): LimitExceededError {
    return new LimitExceededError(`${this.#argument}: the body would ${problem}`, { limit, path: this.#argument });
  }
}

function numberLength(value: number): number {
  return Number.isInteger(value) && Math.abs(value) < 1e6 ? 1 : 8;
}
