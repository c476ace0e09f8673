import type { JsonValue } from '../document/json.ts';
import { type Path, readKey, resolveKeys } from '../document/path.ts';
import { equalValues } from '../document/value-order.ts';
import type { Filter } from './filter.ts';
import { coreOf, type Leaf, leafTest } from './leaf-test.ts';
import { someAtPath, toSteps } from './path-walk.ts';
import type { ValueTest } from './value-test.ts';

/** What `some` asks of a value: that it is a list, and that an element of it fits. */
export function someElementFits(filter: Filter): ValueTest {
  const fits = compileElementFilter(filter);
  return (value) => {
    if (!Array.isArray(value)) return false;
    for (let index = 0; index < value.length; index++) {
      if (fits(value[index])) return true;
    }
    return false;
  };
}

type ElementPredicate = (element: JsonValue) => boolean;

/**
 * As in MongoDB's `$elemMatch`, a filter that only asks about fields of the element is not tried on scalars: `{b: {$ne: 1}}`
 * does not fit the element 5. When a part of it asks about the element itself, each element is tried, and a scalar
 * has no fields.
 */
function compileElementFilter(filter: Filter): ElementPredicate {
  const fits = compile(filter);
  if (concernsElementItself(filter)) return fits;
  return (element) => typeof element === 'object' && element !== null && fits(element);
}

function concernsElementItself(filter: Filter): boolean {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.filters.some(concernsElementItself);
    case 'not':
      return concernsElementItself(filter.filter);
    default:
      return filter.path.kind === 'body' && filter.path.keys.length === 0;
  }
}

function compile(filter: Filter): ElementPredicate {
  const core = coreOf(filter);
  switch (core.kind) {
    case 'and': {
      const parts = core.filters.map(compile);
      return (element) => parts.every((fits) => fits(element));
    }
    case 'or': {
      const parts = core.filters.map(compile);
      return (element) => parts.some((fits) => fits(element));
    }
    case 'not': {
      const fits = compile(core.filter);
      return (element) => !fits(element);
    }
    default:
      return compileLeaf(core);
  }
}

function compileLeaf(leaf: Leaf): ElementPredicate {
  const keys = elementKeys(leaf.path);
  if (leaf.kind === 'equalField') {
    const { value } = leaf;
    return (element) => equalValues(resolveKeys(element, keys), value);
  }
  const { test, expands } =
    leaf.kind === 'some' ? { test: someElementFits(leaf.filter), expands: false } : leafTest(leaf);
  const steps = toSteps(keys);
  const [first] = steps;
  // A path of no keys is the element itself, whose own elements are not tried.
  if (first === undefined) return test;
  // The element's own keys are taken literally, a list's are its indexes: only lists further on are looked into.
  return (element) => someAtPath(readKey(element, first.key), steps, 1, expands, test);
}

function elementKeys(path: Path): readonly string[] {
  if (path.kind === 'body') return path.keys;
  throw new TypeError(`An element of a list has no field of its own such as ${path.text}: the parsers refuse it`);
}
