import { canonicalize } from '../../src/document/canonical-json.ts';
import type { Document } from '../../src/document/document.ts';
import { isJsonObject, type JsonValue } from '../../src/document/json.ts';
import { type Path, readField, resolveKeys } from '../../src/document/path.ts';
import { compareValues, typeRank } from '../../src/document/value-order.ts';
import type { Filter, JsonType } from '../../src/query/filter.ts';
import type { Comparison } from '../../src/query/value-test.ts';

type Value = JsonValue | undefined;

/**
 * Whether a document fits a filter, by the plainest reading of what `filter.ts` and MongoDB's manual say: lists of all values at a path, and
 * a look through them. It shares nothing with the compiler but the order of values, so that the two can be told apart.
 */
export function fitsPlainly(filter: Filter, document: Document): boolean {
  return fits(filter, {
    valuesAt: (path, expands) =>
      path.kind === 'field' ? [readField(document, path.field)] : valuesAt(document.body, path.keys, expands),
    literalAt: (path) =>
      path.kind === 'field' ? readField(document, path.field) : resolveKeys(document.body, path.keys),
  });
}

/** Where paths start: at a document, or at an element of a list. */
interface Root {
  valuesAt(path: Path, expands: boolean): readonly Value[];
  literalAt(path: Path): Value;
}

function fits(filter: Filter, root: Root): boolean {
  const some = (path: Path, expands: boolean, test: (value: Value) => boolean) =>
    root.valuesAt(path, expands).some(test);
  switch (filter.kind) {
    case 'and':
      return filter.filters.every((part) => fits(part, root));
    case 'or':
      return filter.filters.some((part) => fits(part, root));
    case 'not':
      return !fits(filter.filter, root);
    case 'eq':
      return some(filter.path, true, (value) => isSame(value, filter.value));
    case 'ne':
      return !some(filter.path, true, (value) => isSame(value, filter.value));
    case 'in':
      return some(filter.path, true, (value) => filter.values.some((one) => isSame(value, one)));
    case 'notIn':
      return !some(filter.path, true, (value) => filter.values.some((one) => isSame(value, one)));
    case 'all':
      return (
        filter.values.length > 0 && filter.values.every((one) => some(filter.path, true, (value) => isSame(value, one)))
      );
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte': {
      const { kind, path, value: operand } = filter;
      return some(path, true, (value) => compares(kind, value, operand));
    }
    case 'exists':
      return some(filter.path, false, (value) => value !== undefined) === filter.exists;
    case 'type':
      return some(filter.path, true, (value) => value !== undefined && types[typeRank(value)] === filter.type);
    case 'contains':
      return some(filter.path, false, (value) => {
        if (typeof value === 'string') return typeof filter.value === 'string' && value.includes(filter.value);
        return Array.isArray(value) && value.some((element) => isSame(element, filter.value));
      });
    case 'startsWith':
      return some(filter.path, true, (value) => typeof value === 'string' && value.startsWith(filter.text));
    case 'endsWith':
      return some(filter.path, true, (value) => typeof value === 'string' && value.endsWith(filter.text));
    case 'regex':
      // The patterns of the tests mean the same to JavaScript.
      return some(filter.path, true, (value) => typeof value === 'string' && new RegExp(filter.pattern).test(value));
    case 'size':
      return some(filter.path, false, (value) => Array.isArray(value) && value.length === filter.size);
    case 'mod':
      return some(filter.path, true, (value) => {
        if (typeof value !== 'number' && typeof value !== 'bigint') return false;
        return (
          BigInt(typeof value === 'number' ? Math.trunc(value) : value) % BigInt(filter.divisor) ===
          BigInt(filter.remainder)
        );
      });
    case 'equalField': {
      const value = root.literalAt(filter.path);
      return value !== undefined && canonicalize(value) === canonicalize(filter.value);
    }
    case 'some':
      return some(
        filter.path,
        false,
        (list) => Array.isArray(list) && list.some((element) => elementFits(filter.filter, element)),
      );
  }
}

const types: readonly JsonType[] = ['NULL', 'NUMBER', 'STRING', 'OBJECT', 'ARRAY', 'BOOLEAN'];

function isSame(value: Value, operand: JsonValue): boolean {
  return canonicalize(value ?? null) === canonicalize(operand);
}

function compares(kind: Comparison, value: Value, operand: JsonValue): boolean {
  if (operand === null) return (kind === 'gte' || kind === 'lte') && (value ?? null) === null;
  if (value === undefined || typeRank(value) !== typeRank(operand)) return false;
  const difference = compareValues(value, operand);
  return { gt: difference > 0, gte: difference >= 0, lt: difference < 0, lte: difference <= 0 }[kind];
}

/** A filter that asks about fields only is not tried on scalars. The first key of a path is the element's own, or an index of it. */
function elementFits(filter: Filter, element: JsonValue): boolean {
  if (!concernsItself(filter) && (typeof element !== 'object' || element === null)) return false;
  const keysOf = (path: Path) => (path.kind === 'body' ? path.keys : []);
  return fits(filter, {
    valuesAt(path, expands) {
      const [first, ...rest] = keysOf(path);
      return first === undefined ? [element] : valuesAt(resolveKeys(element, [first]), rest, expands);
    },
    literalAt: (path) => resolveKeys(element, keysOf(path)),
  });
}

function concernsItself(filter: Filter): boolean {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.filters.some(concernsItself);
    case 'not':
      return concernsItself(filter.filter);
    default:
      return filter.path.kind === 'body' && filter.path.keys.length === 0;
  }
}

/** All values at a path, undefined for what is missing. With `expands` the elements of a list at its end are among them. */
function valuesAt(root: Value, keys: readonly string[], expands: boolean): readonly Value[] {
  return leavesAt(root, keys).flatMap(({ value, isIndexed }) =>
    expands && !isIndexed && Array.isArray(value) ? [value, ...value] : [value],
  );
}

interface Leaf {
  readonly value: Value;
  /** Whether its index in a list led to it. */
  readonly isIndexed: boolean;
}

function leavesAt(root: Value, keys: readonly string[]): readonly Leaf[] {
  const [key, ...rest] = keys;
  if (key === undefined) return [{ value: root, isIndexed: false }];
  if (!Array.isArray(root)) {
    return isJsonObject(root) ? leavesAt(resolveKeys(root, [key]), rest) : [{ value: undefined, isIndexed: false }];
  }
  return root.flatMap((element: JsonValue, index): readonly Leaf[] => {
    const within = isJsonObject(element) ? leavesAt(element, keys) : [];
    if (key !== String(index)) return within;
    if (rest.length === 0) return [...within, { value: element, isIndexed: true }];
    return typeof element === 'object' && element !== null ? [...within, ...leavesAt(element, rest)] : within;
  });
}
