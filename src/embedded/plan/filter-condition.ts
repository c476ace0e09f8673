import type { JsonValue } from '../../document/json.ts';
import { bodyPath, formatPath, listIndex, type Path } from '../../document/path.ts';
import { formatTime, parseTime } from '../../document/timestamp.ts';
import type { Filter, JsonType } from '../../query/filter.ts';
import { patternText } from '../../query/pattern-text.ts';
import { isTime } from '../../query/time-operand.ts';
import {
  holdsKey,
  intersectRanges,
  type KeyBound,
  type KeyRanges,
  pointRanges,
  prefixRange,
  typeRange,
  unionRanges,
} from './key-range.ts';

/** One of the keys that an index has of the document at the path is in one of the ranges. */
export interface PathConstraint {
  readonly path: Path;
  /** `formatPath` of it. */
  readonly text: string;
  readonly ranges: KeyRanges;
  /** Whether what is missing does not meet it. An index has null for it. */
  readonly present: boolean;
}

/**
 * What must hold of a document that fits a filter, as far as an index can tell: each of the constraints, and of each list of alternatives
 * one. The filter may ask for more.
 */
export interface Condition {
  readonly constraints: readonly PathConstraint[];
  readonly alternatives: readonly (readonly Condition[])[];
  /** Whether a document without a list at any of the paths, or on the way, fits the filter when it meets all this: it asks for no more. */
  readonly exact: boolean;
}

/** Says nothing of a document. */
const unknown: Condition = Object.freeze({ constraints: [], alternatives: [], exact: false });

export function isUnknown({ constraints, alternatives }: Condition): boolean {
  return constraints.length === 0 && alternatives.length === 0;
}

/** Reads what indexes can tell out of a filter. What it does not know, it leaves to the filter. */
export function conditionOf(filter: Filter): Condition {
  return read(filter, documentScope);
}

/** Where paths start: at the document or, inside `some`, at an element of a list. */
interface Scope {
  /** The document's path for one inside; undefined where what is at it is not among the keys of an index. */
  readonly pathOf: (path: Path) => Path | undefined;
  /** Null for the document. */
  readonly listPath: Path | null;
}

const documentScope: Scope = { pathOf: (path) => path, listPath: null };

function read(filter: Filter, scope: Scope): Condition {
  switch (filter.kind) {
    case 'and':
      return conjunction(filter.filters.map((part) => read(part, scope)));
    case 'or':
      return disjunction(filter.filters.map((part) => read(part, scope)));
    case 'eq':
      return among(scope, filter.path, [filter.value], true);
    case 'in':
      return among(scope, filter.path, filter.values, true);
    case 'all':
      if (filter.values.length === 0) return disjunction([]);
      return conjunction(filter.values.map((value) => among(scope, filter.path, [value], true)));
    case 'equalField':
      // Null is only null: what is missing is not equal to it.
      return among(scope, filter.path, [filter.value], filter.value !== null, true);
    case 'contains':
      // Of a text it means a part.
      if (typeof filter.value === 'string' || isElement(scope, filter.path)) return unknown;
      return among(scope, filter.path, [filter.value], false);
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return compared(scope, filter.kind, filter.path, filter.value);
    case 'exists':
      return filter.exists ? unknown : among(scope, filter.path, [null], false);
    case 'type': {
      const example = examples[filter.type];
      if (isTime(filter.path)) return unknown;
      return constrained(scope, filter.path, [typeRange(example)], example !== null);
    }
    case 'startsWith':
      if (isTime(filter.path) || !filter.text.isWellFormed()) return unknown;
      return constrained(scope, filter.path, [prefixRange(filter.text)], true);
    case 'regex': {
      const known = patternText(filter.pattern);
      if (known === undefined || !known.anchored || isTime(filter.path) || !known.text.isWellFormed()) return unknown;
      return constrained(scope, filter.path, [prefixRange(known.text)], known.whole);
    }
    case 'some': {
      if (isElement(scope, filter.path)) return unknown; // a list in a list: its elements are no keys
      const listPath = scope.pathOf(filter.path);
      if (listPath === undefined) return unknown;
      return ofOneElement(read(filter.filter, elementScope(listPath)), listPath);
    }
    default:
      // What is said by negation, or of a whole list, no range of keys tells.
      return unknown;
  }
}

const examples: { readonly [Type in JsonType]: JsonValue } = {
  STRING: '',
  NUMBER: 0,
  BOOLEAN: false,
  NULL: null,
  OBJECT: {},
  ARRAY: [],
};

function elementScope(listPath: Path): Scope {
  return {
    listPath,
    pathOf(path) {
      if (path.kind === 'field' || listPath.kind === 'field') return undefined;
      const [first] = path.keys;
      // Digits are the index in an element that is a list itself, and those are not looked into from outside.
      if (first !== undefined && listIndex(first) >= 0) return undefined;
      return bodyPath([...listPath.keys, ...path.keys]);
    },
  };
}

/** What is asked of the element itself is asked of one key: here two bounds may be met together only. */
function ofOneElement({ constraints, alternatives }: Condition, listPath: Path): Condition {
  const text = formatPath(listPath);
  const ofElement = constraints.filter((constraint) => constraint.text === text);
  const others = constraints.filter((constraint) => constraint.text !== text);
  const ranges = commonRanges(ofElement);
  const together = ofElement.length === 0 ? [] : [{ path: listPath, text, ranges, present: true }];
  return { constraints: [...together, ...others], alternatives, exact: false };
}

/** Whether the path is that of the element itself. */
function isElement(scope: Scope, path: Path): boolean {
  return scope.listPath !== null && path.kind === 'body' && path.keys.length === 0;
}

function among(scope: Scope, path: Path, values: readonly JsonValue[], exact: boolean, nullIsThere = false): Condition {
  const keys = values.map((value) => keyOf(path, value));
  if (keys.includes(undefined)) return unknown;
  return constrained(scope, path, pointRanges(keys), exact, nullIsThere);
}

/** Compared within a type only. */
function compared(scope: Scope, kind: 'gt' | 'gte' | 'lt' | 'lte', path: Path, value: JsonValue): Condition {
  const key = keyOf(path, value);
  if (key === undefined) return unknown;
  if (key === null) {
    return kind === 'gte' || kind === 'lte' ? among(scope, path, [null], true) : constrained(scope, path, [], true);
  }
  const ofType = typeRange(key);
  const bound: KeyBound = { key, included: kind === 'gte' || kind === 'lte' };
  const range = kind === 'gt' || kind === 'gte' ? { from: bound, to: ofType.to } : { from: ofType.from, to: bound };
  return constrained(scope, path, unionRanges([range]), true);
}

/** What an index has for an operand. A document's own time is milliseconds there; undefined for a text that none is written as. */
function keyOf(path: Path, value: JsonValue): JsonValue | undefined {
  if (!isTime(path) || value === null) return value;
  const time = typeof value === 'string' ? parseTime(value) : undefined;
  return time !== undefined && formatTime(time.milliseconds) === value ? time.milliseconds : undefined;
}

function constrained(
  scope: Scope,
  path: Path,
  ranges: KeyRanges,
  exact: boolean,
  /** Whether null among the ranges does not mean what is missing, too. */
  nullIsThere = false,
): Condition {
  const documentPath = scope.pathOf(path);
  if (documentPath === undefined) return unknown;
  // An element that is no object lacks every field, and what is lacking there is no key.
  const ofElementField = scope.listPath !== null && !isElement(scope, path);
  const holdsNull = ranges.some((range) => holdsKey(range, null));
  if (ofElementField && holdsNull) return unknown;
  const present = nullIsThere || !holdsNull;
  const constraint = { path: documentPath, text: formatPath(documentPath), ranges, present };
  return { constraints: [constraint], alternatives: [], exact };
}

/** Holds where all parts hold. */
export function conjunction(parts: readonly Condition[]): Condition {
  return {
    constraints: parts.flatMap(({ constraints }) => constraints),
    alternatives: parts.flatMap(({ alternatives }) => alternatives),
    exact: parts.every(({ exact }) => exact),
  };
}

function disjunction(parts: readonly Condition[]): Condition {
  if (parts.some(isUnknown)) return unknown;
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  const constraints = parts.flatMap((part) => (part.alternatives.length === 0 ? part.constraints : []));
  const [constraint] = constraints;
  const ofOnePath =
    constraint !== undefined &&
    parts.every((part) => part.alternatives.length === 0 && part.constraints.length === 1) &&
    constraints.every(({ text }) => text === constraint.text);
  const exact = parts.every((part) => part.exact);
  if (!ofOnePath) return { constraints: [], alternatives: [parts], exact };
  const ranges = unionRanges(constraints.flatMap(({ ranges: some }) => some));
  const present = constraints.every((some) => some.present);
  return { constraints: [{ ...constraint, ranges, present }], alternatives: [], exact };
}

/** The keys that are in all of these ranges; only where one key must meet all constraints. */
export function commonRanges(constraints: readonly PathConstraint[]): KeyRanges {
  const [first, ...others] = constraints;
  if (first === undefined) return [{ from: null, to: null }];
  return others.reduce((common, { ranges }) => intersectRanges(common, ranges), first.ranges);
}
