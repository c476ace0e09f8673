import { canonicalize } from '../document/canonical-json.ts';
import { isJsonObject, type JsonValue } from '../document/json.ts';
import { compareStrings, compareValues, equalValues, ordersByCodeUnit, typeRank } from '../document/value-order.ts';
import type { JsonType } from './filter.ts';
import { TextSet } from './text-set.ts';

/** What an operator asks of one value as it stands. Undefined is what is missing. */
export type ValueTest = (value: JsonValue | undefined) => boolean;

export type Comparison = 'gt' | 'gte' | 'lt' | 'lte';

/** Null equals what is missing, as in MongoDB. */
export function equalTo(operand: JsonValue): ValueTest {
  const value = normalNumber(operand);
  if (value === null) return (candidate) => candidate === null || candidate === undefined;
  if (typeof value !== 'object') return (candidate) => candidate === value;
  return (candidate) => equalValues(candidate, value);
}

/**
 * A document holds a bigint only where no double is exact, so that equal numbers are identical (`===`). An operand that was
 * not parsed as a document's values are is brought to the same form.
 */
function normalNumber(value: JsonValue): JsonValue {
  return typeof value === 'bigint' && BigInt(Number(value)) === value ? Number(value) : value;
}

/** Compares within a type only (MongoDB's type bracketing): no number is less than a string. */
export function compared(comparison: Comparison, operand: JsonValue): ValueTest {
  if (operand === null) return comparison === 'gte' || comparison === 'lte' ? equalTo(null) : () => false;
  if (typeof operand === 'number') return comparedWithNumber(comparison, operand);
  if (typeof operand === 'string' && ordersByCodeUnit(operand)) return comparedWithText(comparison, operand);
  const accepts = acceptedSigns[comparison];
  if (typeof operand === 'string') {
    return (value) => typeof value === 'string' && accepts(compareStrings(value, operand));
  }
  const rank = typeRank(operand);
  return (value) => typeRank(value) === rank && accepts(compareValues(value, operand));
}

const acceptedSigns: { readonly [Kind in Comparison]: (sign: number) => boolean } = {
  gt: (sign) => sign > 0,
  gte: (sign) => sign >= 0,
  lt: (sign) => sign < 0,
  lte: (sign) => sign <= 0,
};

// JavaScript compares a bigint and a number exactly, by value. The tests of the type come first: `'5' > 4` is true.
function comparedWithNumber(comparison: Comparison, operand: number): ValueTest {
  switch (comparison) {
    case 'gt':
      return (value) => (typeof value === 'number' || typeof value === 'bigint') && value > operand;
    case 'gte':
      return (value) => (typeof value === 'number' || typeof value === 'bigint') && value >= operand;
    case 'lt':
      return (value) => (typeof value === 'number' || typeof value === 'bigint') && value < operand;
    case 'lte':
      return (value) => (typeof value === 'number' || typeof value === 'bigint') && value <= operand;
  }
}

function comparedWithText(comparison: Comparison, operand: string): ValueTest {
  switch (comparison) {
    case 'gt':
      return (value) => typeof value === 'string' && value > operand;
    case 'gte':
      return (value) => typeof value === 'string' && value >= operand;
    case 'lt':
      return (value) => typeof value === 'string' && value < operand;
    case 'lte':
      return (value) => typeof value === 'string' && value <= operand;
  }
}

/** Equal to one of them. However many there are, a value is looked up once. */
export function oneOf(operands: readonly JsonValue[]): ValueTest {
  const texts = new TextSet();
  const scalars = new Set<JsonValue | undefined>();
  // Lists and objects are looked up by their canonical form, which is what makes them equal.
  const compounds = new TextSet();
  let hasCompounds = false;
  for (const operand of operands) {
    if (typeof operand === 'string') texts.add(operand);
    else if (typeof operand === 'object' && operand !== null) {
      compounds.add(canonicalize(operand));
      hasCompounds = true;
    } else scalars.add(normalNumber(operand));
  }
  if (scalars.has(null)) scalars.add(undefined);
  if (!hasCompounds) return (value) => (typeof value === 'string' ? texts.has(value) : scalars.has(value));
  return (value) => {
    if (typeof value === 'string') return texts.has(value);
    return typeof value === 'object' && value !== null ? compounds.has(canonicalize(value)) : scalars.has(value);
  };
}

export function ofType(type: JsonType): ValueTest {
  switch (type) {
    case 'STRING':
      return (value) => typeof value === 'string';
    case 'NUMBER':
      return (value) => typeof value === 'number' || typeof value === 'bigint';
    case 'BOOLEAN':
      return (value) => typeof value === 'boolean';
    case 'NULL':
      return (value) => value === null;
    case 'OBJECT':
      return isJsonObject;
    case 'ARRAY':
      return Array.isArray;
  }
}

/** A text that has `operand` as a part, or a list that has it as an element. */
export function containing(operand: JsonValue): ValueTest {
  const equal = equalTo(operand);
  return (value) => {
    if (typeof value === 'string') return typeof operand === 'string' && value.includes(operand);
    return Array.isArray(value) && value.some(equal);
  };
}

/**
 * A number that leaves this remainder. Its fraction is cut off first, and the remainder has its sign, both as in MongoDB,
 * which knows integers of 64 bits only: here they may have any number of digits.
 */
export function dividing(divisor: number, remainder: number): ValueTest {
  const exactDivisor = BigInt(divisor);
  const exactRemainder = BigInt(remainder);
  return (value) => {
    if (typeof value === 'number') return Math.trunc(value) % divisor === remainder; // -0 === 0
    return typeof value === 'bigint' && value % exactDivisor === exactRemainder;
  };
}
