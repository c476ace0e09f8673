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
