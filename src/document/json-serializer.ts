declare global {
  interface JSON {
    /** In V8 since Node 22, not yet in TypeScript's library: a value that `JSON.stringify` writes as this very text. */
    rawJSON(text: string): object;
  }
}

/**
 * The compact JSON text of a value that `parseJson` gave, or of a whole response around such values. Everything is as
 * `JSON.stringify` does it (members that are undefined are left out, `toJSON` is called), except for numbers:
 * integers are written with all their digits, `bigint` or not, so that whoever reads them exactly gets the same value.
 *
 * Throws `TypeError` for what JSON cannot say: NaN, an infinity, undefined at the root, a circle.
 */
export function stringifyJson(value: unknown): string {
  const text = needsReplacer(value) ? JSON.stringify(value, exactReplacer) : JSON.stringify(value);
  if (typeof text !== 'string') {
    throw new TypeError(`${typeof value} has no JSON text`);
  }
  return text;
}

// From here on `JSON.stringify` writes some integers as others: 2^60 is 1152921504606846976, and it writes
// 1152921504606847000, which is another integer to whoever reads integers exactly, `parseJson` included.
const inexactDigitsStart = 2 ** 53;
// From here on it writes an exponent, and a literal with an exponent means the nearest double again.
const exponentStart = 1e21;

function needsReplacer(value: unknown): boolean {
  if (typeof value === 'number') {
    // Written so that NaN needs it too: JSON.stringify would make it null.
    return !(value < inexactDigitsStart && value > -inexactDigitsStart);
  }
  if (typeof value !== 'object' || value === null) {
    return typeof value === 'bigint';
  }
  if (Array.isArray(value)) {
    return value.some(needsReplacer);
  }
  // What toJSON will give is not known yet.
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    return true;
  }
  for (const key in value) {
    if (needsReplacer((value as Record<string, unknown>)[key])) {
      return true;
    }
  }
  return false;
}

/** What makes `JSON.stringify` exact, for libraries that call it themselves. */
export function exactReplacer(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') {
    return JSON.rawJSON(value.toString());
  }
  if (typeof value !== 'number') {
    return value;
  }
  if (!Number.isFinite(value)) {
    throw new TypeError(`${value} has no JSON text`);
  }
  const magnitude = Math.abs(value);
  return magnitude >= inexactDigitsStart && magnitude < exponentStart ? JSON.rawJSON(BigInt(value).toString()) : value;
}

/**
 * What makes `JSON.parse` give the numbers that `parseJson` gives, for libraries that call it themselves. Only for texts that `parseJson` has admitted:
 * it refuses nothing.
 */
export function exactReviver(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number') return value;
  const source = context?.source;
  if (source === undefined || !/^-?\d+$/.test(source)) return value === 0 ? 0 : value;
  const exact = BigInt(source);
  return exact === BigInt(value) ? Number(exact) : exact;
}
