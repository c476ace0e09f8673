import type { JsonValue } from '../document/json.ts';
import { bodyPath, listIndex, type Path } from '../document/path.ts';
import type { Filter, JsonType } from './filter.ts';
import { coreOf, type Leaf } from './leaf-test.ts';
import { patternText } from './pattern-text.ts';
import { isInSet, type ValueSet } from './value-set.ts';

/** What a filter says of single paths: what a planner chooses indexes by. */
export interface FilterAnalysis {
  /** The filter is their conjunction. */
  readonly parts: readonly Filter[];
  /** Each of them holds for every document that fits. */
  readonly constraints: readonly PathConstraint[];
  /** Of each of these lists at least one analysis holds for every document that fits: what `or` leaves, to be united. */
  readonly alternatives: readonly Alternative[];
}

/**
 * Every document that fits `part` has one of `values` among the `indexedValues` of the path. Two constraints of one path must
 * not be made one where the index has documents with lists on it: `a > 1` and `a < 5` may be true of different elements.
 */
export interface PathConstraint {
  readonly path: Path;
  readonly values: ValueSet;
  readonly part: Filter;
  readonly exact: Exactness;
}

/**
 * Whether every document that has one of the values fits the part, so that it need not be asked again: `always`, `withoutLists`
 * where no list lies on the path or at its end (strict equality does not look into lists), or `never`.
 */
export type Exactness = 'always' | 'withoutLists' | 'never';

export interface Alternative {
  readonly part: Filter;
  readonly branches: readonly FilterAnalysis[];
}

/** Takes time linear in the size of the filter, and looks at no document. */
export function analyzeFilter(filter: Filter): FilterAnalysis {
  const parts = [...conjuncts(filter)];
  return {
    parts,
    constraints: parts.flatMap((part) => constraintsOf(part)),
    alternatives: parts.flatMap((part) =>
      part.kind === 'or' ? [{ part, branches: part.filters.map(analyzeFilter) }] : [],
    ),
  };
}

/** The parts that are joined by `and`, those inside each other included. */
function* conjuncts(filter: Filter): Iterable<Filter> {
  const core = coreOf(filter);
  if (core.kind === 'and') for (const part of core.filters) yield* conjuncts(part);
  else if (core.kind === 'not' && core.filter.kind === 'not') yield* conjuncts(core.filter.filter);
  else yield core;
}

function constraintsOf(part: Filter): readonly PathConstraint[] {
  const core = coreOf(part);
  switch (core.kind) {
    case 'and':
    case 'or':
    case 'not':
      return []; // a negation says what no value is, and an index finds documents by what one value is
    case 'some':
      return elementConstraints(core.path, core.filter, part);
    default: {
      const found = leafValues(core);
      return found === undefined ? [] : [{ path: core.path, part, ...found }];
    }
  }
}

/**
 * What `some` says of the fields of elements, or of elements themselves: never exactly, for one element must fit all of it.
 * Nothing is said where the index does not hold what `some` looks at: elements of a list that an index led to, elements of
 * lists in lists, and what an element that is a list lacks.
 */
function elementConstraints(path: Path, filter: Filter, part: Filter): readonly PathConstraint[] {
  if (path.kind === 'field') return [];
  return analyzeFilter(filter).constraints.flatMap((inner): PathConstraint[] => {
    if (inner.path.kind === 'field' || isInSet(inner.values, undefined)) return [];
    const [first] = inner.path.keys;
    if (listIndex(first ?? path.keys.at(-1) ?? '') >= 0) return [];
    return [{ path: bodyPath([...path.keys, ...inner.path.keys]), values: inner.values, part, exact: 'never' }];
  });
}

function leafValues(leaf: Exclude<Leaf, { readonly kind: 'some' }>): Omit<PathConstraint, 'path' | 'part'> | undefined {
  switch (leaf.kind) {
    case 'equalField':
      return { values: { kind: 'oneOf', values: [leaf.value], missing: false }, exact: 'withoutLists' };
    case 'eq':
      return { values: oneOf([leaf.value]), exact: 'always' };
    case 'in':
      return { values: oneOf(leaf.values), exact: 'always' };
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return { values: rangeOf(leaf.kind, leaf.value), exact: 'always' };
    case 'exists':
      return { values: { kind: 'present' }, exact: 'always' };
    case 'type':
      return { values: { kind: 'range', type: leaf.type }, exact: 'always' };
    case 'startsWith':
      return { values: { kind: 'prefix', text: leaf.text }, exact: 'always' };
    case 'regex': {
      const plain = patternText(leaf.pattern);
      if (!plain?.anchored) return { values: { kind: 'range', type: 'STRING' }, exact: 'never' };
      return { values: { kind: 'prefix', text: plain.text }, exact: plain.whole ? 'always' : 'never' };
    }
    case 'endsWith':
      return { values: { kind: 'range', type: 'STRING' }, exact: 'never' };
    case 'mod':
      return { values: { kind: 'range', type: 'NUMBER' }, exact: 'never' };
    case 'size':
      return { values: { kind: 'range', type: 'ARRAY' }, exact: 'never' };
    case 'contains':
      return undefined; // a text's part, or an element of a list that an index may have led to
  }
}

/** Null equals what is missing, as in `equalTo`. */
function oneOf(values: readonly JsonValue[]): ValueSet {
  return { kind: 'oneOf', values, missing: values.includes(null) };
}

/** A comparison stays within the type of its operand. */
function rangeOf(kind: 'gt' | 'gte' | 'lt' | 'lte', value: JsonValue): ValueSet {
  const inclusive = kind === 'gte' || kind === 'lte';
  if (value === null) return oneOf(inclusive ? [null] : []);
  const bound = { value, inclusive };
  const type = typeOf(value);
  return kind === 'gt' || kind === 'gte'
    ? { kind: 'range', type, lower: bound }
    : { kind: 'range', type, upper: bound };
}

function typeOf(value: Exclude<JsonValue, null>): JsonType {
  switch (typeof value) {
    case 'string':
      return 'STRING';
    case 'boolean':
      return 'BOOLEAN';
    case 'object':
      return Array.isArray(value) ? 'ARRAY' : 'OBJECT';
    default:
      return 'NUMBER';
  }
}
