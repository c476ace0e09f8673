import type { JsonValue } from '../document/json.ts';
import type { Path } from '../document/path.ts';
import { InvalidArgumentError } from '../errors.ts';
import type { Filter } from './filter.ts';
import type { FilterBudget } from './filter-budget.ts';
import { checkRegularExpression } from './regular-expression.ts';
import { isTime, timeOperand } from './time-operand.ts';

// The operators that both languages have, GraphQL's and MongoDB's, made of operands whose types the parsers have checked.
// `argument` is what the client calls the operand, for the errors.

/** @throws {InvalidArgumentError} For one of the document's own times that is compared with no time. */
export function comparisonFilter(
  kind: 'eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte' | 'equalField',
  path: Path,
  operand: JsonValue,
  argument: string,
): Filter {
  if (!isTime(path)) return Object.freeze({ kind, path, value: operand });
  const comparison = kind === 'ne' || kind === 'equalField' ? 'eq' : kind;
  return Object.freeze({ kind, path, value: timeOperand(operand, comparison, argument) });
}

/**
 * @throws {InvalidArgumentError} For one of the document's own times that is compared with no time.
 * @throws {LimitExceededError} For too many values.
 */
export function listFilter(
  kind: 'in' | 'notIn' | 'all',
  path: Path,
  operands: readonly JsonValue[],
  argument: string,
  budget: FilterBudget,
): Filter {
  // Looking up one of many values is no more work for a document than looking up one, while `all` asks for each.
  if (kind === 'all') budget.countNodes(operands.length, argument);
  else budget.countValues(operands.length, argument);
  const values = isTime(path)
    ? operands.map((value, index) => timeOperand(value, 'eq', `${argument}.${index}`))
    : [...operands];
  return Object.freeze({ kind, path, values: Object.freeze(values) });
}

/**
 * @throws {InvalidArgumentError} For a pattern that is none.
 * @throws {LimitExceededError} For one that is too long, as written or as compiled.
 */
export function regexFilter(path: Path, pattern: string, argument: string, budget: FilterBudget): Filter {
  checkRegularExpression(pattern, argument, budget.limits); // here, where its place is known
  return Object.freeze({ kind: 'regex', path, pattern });
}

/** @throws {InvalidArgumentError} For what is no number of elements. */
export function sizeFilter(path: Path, size: JsonValue, argument: string): Filter {
  if (typeof size === 'number' && Number.isSafeInteger(size) && size >= 0) {
    return Object.freeze({ kind: 'size', path, size });
  }
  throw new InvalidArgumentError(`${argument}: no list has this number of elements`, {
    path: argument,
    expected: 'a whole number from 0',
  });
}

/** @throws {InvalidArgumentError} For anything but a divisor, not 0, and a remainder, both whole. */
export function modFilter(path: Path, operand: JsonValue, argument: string): Filter {
  const [divisor, remainder, ...more]: readonly JsonValue[] = Array.isArray(operand) ? operand : [];
  if (!isWhole(divisor) || !isWhole(remainder) || more.length > 0 || divisor === 0) {
    throw new InvalidArgumentError(`${argument}: a number is divided, and the remainder is compared`, {
      path: argument,
      expected: 'a list of a divisor, which is not 0, and a remainder, both whole numbers: [4, 0]',
    });
  }
  return Object.freeze({ kind: 'mod', path, divisor, remainder });
}

function isWhole(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value);
}
