/**
 * Whether the JSON text of a value would be longer than about so many characters. It is told without making the text, which
 * could take seconds, or be longer than a string can be: strings are counted as they are, so a text of nothing but
 * escapes can be six times as long.
 */
export function isTextLonger(value: unknown, lengthMax: number): boolean {
  return lengthLeft(value, lengthMax) < 0;
}

/** About how many characters the JSON text of a value has, told in the same way. */
export function textLength(value: unknown): number {
  return Number.MAX_SAFE_INTEGER - lengthLeft(value, Number.MAX_SAFE_INTEGER);
}

/** What is left of `length` behind the value; negative, and not exact, when it is too long. */
function lengthLeft(value: unknown, length: number): number {
  switch (typeof value) {
    case 'string':
      return length - value.length - 2;
    case 'bigint':
      return length - value.toString(16).length;
    case 'number':
      return length - (Number.isInteger(value) && Math.abs(value) < 1e6 ? 1 : 8);
    case 'object':
      return value === null ? length - 4 : containerLengthLeft(value, length);
    default:
      return length - 4;
  }
}

function containerLengthLeft(container: object, length: number): number {
  let left = length - 2;
  if (Array.isArray(container)) {
    for (const element of container) {
      left = lengthLeft(element, left - 1);
      if (left < 0) break;
    }
    return left;
  }
  for (const key in container) {
    left = lengthLeft((container as Record<string, unknown>)[key], left - key.length - 4);
    if (left < 0) break;
  }
  return left;
}

/** So many characters are counted in one step, which takes some tenths of a millisecond. */
const stepLengthDefault = 64 * 1024;

/** As `isTextLonger`, in steps that are small. */
export function* isTextLongerInSteps(
  value: unknown,
  lengthMax: number,
  stepLength = stepLengthDefault,
): Generator<void, boolean> {
  return (yield* new LengthSteps(lengthMax, stepLength).of(value)) < 0;
}

class LengthSteps {
  readonly #stepLength: number;
  #left: number;
  /** What is left when this step ends. */
  #stepEnd: number;

  constructor(length: number, stepLength: number) {
    this.#stepLength = stepLength;
    this.#left = length;
    this.#stepEnd = length - stepLength;
  }

  /** Returns what is left behind the value, as `lengthLeft` does. */
  *of(value: unknown): Generator<void, number> {
    const left = this.#ofSmall(value);
    if (left !== undefined || typeof value !== 'object' || value === null) {
      this.#left = left ?? lengthLeft(value, this.#left);
    } else {
      // Its elements are counted anew: this was a step by itself.
      yield;
      this.#left -= 2;
      yield* Array.isArray(value) ? this.#ofElements(value) : this.#ofMembers(value as Record<string, unknown>);
    }
    if (this.#left < this.#stepEnd) {
      this.#stepEnd = this.#left - this.#stepLength;
      yield;
    }
    return this.#left;
  }

  /** Undefined for what is more than a step. */
  #ofSmall(value: unknown): number | undefined {
    const step = Math.min(this.#left, this.#stepLength);
    const left = lengthLeft(value, step);
    return left < 0 ? undefined : this.#left - step + left;
  }

  *#ofElements(list: readonly unknown[]): Generator<void, void> {
    for (const element of list) {
      this.#left -= 1;
      yield* this.of(element);
      if (this.#left < 0) return;
    }
  }

  *#ofMembers(object: Record<string, unknown>): Generator<void, void> {
    for (const key in object) {
      this.#left -= key.length + 4;
      yield* this.of(object[key]);
      if (this.#left < 0) return;
    }
  }
}
