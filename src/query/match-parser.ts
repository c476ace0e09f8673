import { isJsonObject, type JsonValue } from '../document/json.ts';
import { bodyPath, escapeKey, type Path, parsePath } from '../document/path.ts';
import { InvalidArgumentError, LimitExceededError } from '../errors.ts';
import { type EqualField, everything, type Filter } from './filter.ts';
import { FilterBudget } from './filter-budget.ts';
import { defaultFilterLimits } from './limits.ts';

/**
 * Makes a frozen filter of an object of plain values, such as `{"username": "alice"}`: the whole value of every field is
 * equal. Nothing in it is an operator: a key that begins with `$` is a key. An empty object fits every document.
 * @param argument What the client calls the object, for the errors.
 * @throws {InvalidArgumentError} When `value` is not an object.
 * @throws {LimitExceededError} When it has more fields than a filter may have parts.
 */
export function parseMatch(
  value: JsonValue,
  argument: string,
  budget: FilterBudget = new FilterBudget(defaultFilterLimits),
): Filter {
  if (!isJsonObject(value)) {
    throw new InvalidArgumentError(`${argument}: fields to be equal are given as an object`, {
      path: argument,
      expected: 'an object such as {"username": "alice"}',
    });
  }
  const fields = Object.entries(value);
  budget.countNodes(fields.length, argument);
  const filters = fields.map(([key, expected]) => matchField(key, expected));
  const [first, ...more] = filters;
  if (first === undefined) return everything;
  return more.length === 0 ? first : Object.freeze({ kind: 'and', filters: Object.freeze(filters) });
}

/** The whole value of one field is equal. A key that holds a dot is tried as that very key, and as a path. */
export function matchField(key: string, value: JsonValue): Filter {
  const field = equalField(bodyPath([key]), value);
  const path = key.includes('.') ? pathOfKey(key) : undefined;
  if (path === undefined) return field;
  return Object.freeze({ kind: 'or', filters: Object.freeze([field, equalField(path, value)]) });
}

function equalField(path: Path, value: JsonValue): EqualField {
  return Object.freeze({ kind: 'equalField', path, value });
}

/** The key that `matchField` takes for this path, too; undefined for a path of one key and for a field of the document. */
export function literalKeyOf(path: Path): string | undefined {
  if (path.kind === 'field' || path.keys.length < 2) return undefined;
  // As `pathOfKey` reads it: a `$` is a `$` there.
  return path.keys.map((key) => key.replace(/[.\\]/g, String.raw`\$&`)).join('.');
}

/** Undefined when the key is no path: then it can only be meant as that very key. */
function pathOfKey(key: string): Path | undefined {
  try {
    // A leading `$` names no field of the document here.
    return parsePath(key.startsWith('$') ? `\\${key}` : key, escapeKey(key));
  } catch (error) {
    if (error instanceof InvalidArgumentError || error instanceof LimitExceededError) return undefined;
    throw error;
  }
}
