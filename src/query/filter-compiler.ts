import type { Document } from '../document/document.ts';
import { isJsonObject, type JsonValue } from '../document/json.ts';
import { type DocumentField, type Path, readField, readKey, resolveKeys, resolvePath } from '../document/path.ts';
import { formatTime, parseTime } from '../document/timestamp.ts';
import { equalValues } from '../document/value-order.ts';
import type { Filter } from './filter.ts';
import { passes, someAtPath, toSteps } from './path-walk.ts';
import { compileRegularExpression } from './regular-expression.ts';
import { type Comparison, compared, containing, equalTo, ofType, oneOf, type ValueTest } from './value-test.ts';

/**
 * Makes a predicate of a filter. It allocates nothing for a document on the usual paths, never changes one, and may be kept
 * as long as one likes.
 * @throws {InvalidArgumentError} For a regular expression that is none. `parseFilter` lets none through.
 */
export function compileFilter(filter: Filter): (document: Document) => boolean {
  return compile(filter, documentScope);
}

type Predicate<Subject> = (subject: Subject) => boolean;

/** What paths start at: a document or, inside `some`, an element of a list. */
interface Scope<Subject> {
  /** Whether a value at the path passes the test; `expands` says that the elements of a list at its end are tried too. */
  readonly some: (path: Path, test: ValueTest, expands: boolean) => Predicate<Subject>;
  /** What is at the path, taken literally. */
  readonly read: (path: Path) => (subject: Subject) => JsonValue | undefined;
  /** A quicker predicate for an operator, where there is one. */
  readonly special?: (filter: PathFilter) => Predicate<Subject> | undefined;
}

type PathFilter = Exclude<Filter, { readonly kind: 'and' | 'or' | 'not' }>;

function compile<Subject>(filter: Filter, scope: Scope<Subject>): Predicate<Subject> {
  switch (filter.kind) {
    case 'and':
      return conjunction(filter.filters.map((part) => compile(part, scope)));
    case 'or':
      return disjunction(filter.filters.map((part) => compile(part, scope)));
    case 'not':
      return negation(compile(filter.filter, scope));
    default:
      return scope.special?.(filter) ?? compileOperator(filter, scope);
  }
}

function compileOperator<Subject>(filter: PathFilter, scope: Scope<Subject>): Predicate<Subject> {
  const { path } = filter;
  switch (filter.kind) {
    case 'eq':
      return scope.some(path, equalTo(filter.value), true);
    case 'ne':
      return negation(scope.some(path, equalTo(filter.value), true));
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return scope.some(path, compared(filter.kind, filter.value), true);
    case 'in':
      return filter.values.length === 0 ? never : scope.some(path, oneOf(filter.values), true);
    case 'notIn':
      return filter.values.length === 0 ? always : negation(scope.some(path, oneOf(filter.values), true));
    case 'all':
      if (filter.values.length === 0) return never;
      return conjunction(filter.values.map((value) => scope.some(path, equalTo(value), true)));
    case 'exists': {
      const exists = scope.some(path, (value) => value !== undefined, false);
      return filter.exists ? exists : negation(exists);
    }
    case 'type':
      return scope.some(path, ofType(filter.type), true);
    case 'contains':
      return scope.some(path, containing(filter.value), false);
    case 'startsWith':
      return scope.some(path, (value) => typeof value === 'string' && value.startsWith(filter.text), true);
    case 'endsWith':
      return scope.some(path, (value) => typeof value === 'string' && value.endsWith(filter.text), true);
    case 'regex': {
      const matches = compileRegularExpression(filter.pattern, 'regex');
      return scope.some(path, (value) => typeof value === 'string' && matches(value), true);
    }
    case 'size':
      return scope.some(path, (value) => Array.isArray(value) && value.length === filter.size, false);
    case 'some': {
      const fits = compileElement(filter.filter);
      return scope.some(path, (value) => Array.isArray(value) && value.some((element) => fits(element)), false);
    }
    case 'equalField': {
      const read = scope.read(path);
      return (subject) => equalValues(read(subject), filter.value);
    }
  }
}

/**
 * As in MongoDB's `$elemMatch`, a filter that only asks about fields of the element is not tried on scalars: `{b: {$ne: 1}}`
 * does not fit the element 5. When a part of it asks about the element itself, each element is tried, and a scalar
 * has no fields.
 */
function compileElement(filter: Filter): Predicate<JsonValue> {
  const fits = compile(filter, elementScope);
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

/** Paths start at the document. Most name one or two keys of its body: as little as possible stands between those and the value. */
const documentScope: Scope<Document> = {
  some(path, test, expands) {
    if (path.kind === 'field') {
      const { field } = path;
      return (document) => test(readField(document, field));
    }
    const steps = toSteps(path.keys);
    const [first, second] = steps;
    if (first === undefined || steps.length > 2 || steps.some((step) => step.inherited)) {
      return (document) => someAtPath(document.body, steps, 0, expands, test);
    }
    const outer = first.key;
    if (second === undefined) {
      return (document) => {
        const value = document.body[outer];
        return test(value) || (expands && typeof value === 'object' && passes(value, true, test));
      };
    }
    const inner = second.key;
    return (document) => {
      const parent = document.body[outer];
      if (!isJsonObject(parent)) return someAtPath(parent, steps, 1, expands, test);
      const value = parent[inner];
      return test(value) || (expands && typeof value === 'object' && passes(value, true, test));
    };
  },
  read(path) {
    return (document) => resolvePath(document, path);
  },
  special(filter) {
    if (filter.path.kind === 'field') return specialTime(filter, filter.path.field);
    const [key] = filter.path.keys;
    if (key === undefined || filter.path.keys.length > 1 || key in Object.prototype) return undefined;
    return specialKey(filter, key);
  },
};

/** Paths start at an element, and a path of no keys is the element itself, whose own elements are not tried. */
const elementScope: Scope<JsonValue> = {
  some(path, test, expands) {
    const steps = toSteps(elementKeys(path));
    const [first] = steps;
    if (first === undefined) return test;
    // The element's own keys are taken literally, a list's are its indexes: only lists further on are looked into.
    return (element) => someAtPath(readKey(element, first.key), steps, 1, expands, test);
  },
  read(path) {
    const keys = elementKeys(path);
    return (element) => resolveKeys(element, keys);
  },
};

function elementKeys(path: Path): readonly string[] {
  if (path.kind === 'body') return path.keys;
  throw new TypeError(`An element of a list has no field of its own such as ${path.text}: parseFilter refuses it`);
}

/**
 * The commonest questions, about one key of the body: equal to a scalar, or compared with a number. They ask in the closure
 * itself what `some` would ask through another one, which makes a scan up to twice as fast.
 */
function specialKey(filter: PathFilter, key: string): Predicate<Document> | undefined {
  switch (filter.kind) {
    case 'eq': {
      const operand = filter.value;
      if (typeof operand !== 'string' && typeof operand !== 'number' && typeof operand !== 'boolean') return undefined;
      const test = equalTo(operand);
      return ({ body }) => {
        const value = body[key];
        return value === operand || (typeof value === 'object' && passes(value, true, test));
      };
    }
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte': {
      const operand = filter.value;
      if (typeof operand !== 'number') return undefined;
      return comparedKey(filter.kind, key, operand, compared(filter.kind, operand));
    }
    default:
      return undefined;
  }
}

function comparedKey(comparison: Comparison, key: string, operand: number, test: ValueTest): Predicate<Document> {
  switch (comparison) {
    case 'gt':
      return ({ body }) => {
        const value = body[key];
        return typeof value === 'number' ? value > operand : passes(value, true, test);
      };
    case 'gte':
      return ({ body }) => {
        const value = body[key];
        return typeof value === 'number' ? value >= operand : passes(value, true, test);
      };
    case 'lt':
      return ({ body }) => {
        const value = body[key];
        return typeof value === 'number' ? value < operand : passes(value, true, test);
      };
    case 'lte':
      return ({ body }) => {
        const value = body[key];
        return typeof value === 'number' ? value <= operand : passes(value, true, test);
      };
  }
}

/** A time is compared as a number: writing it as text for each document would take longer than all the rest of a scan. */
function specialTime(filter: PathFilter, field: DocumentField): Predicate<Document> | undefined {
  if (field !== 'createdAt' && field !== 'updatedAt' && field !== 'archivedAt') return undefined;
  switch (filter.kind) {
    case 'eq':
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte': {
      const milliseconds = canonicalTime(filter.value);
      if (milliseconds === undefined) return undefined;
      const test = filter.kind === 'eq' ? equalTo(milliseconds) : compared(filter.kind, milliseconds);
      return (document) => test(document[field]);
    }
    case 'exists':
      return filter.exists ? always : never; // a time that has not happened is null, and null exists
    default:
      return undefined;
  }
}

/** The moment that a text writes just as `formatTime` would: the order of such texts is that of the moments. */
function canonicalTime(value: JsonValue): number | undefined {
  if (typeof value !== 'string') return undefined;
  const time = parseTime(value);
  return time !== undefined && formatTime(time.milliseconds) === value ? time.milliseconds : undefined;
}

function always(): boolean {
  return true;
}

function never(): boolean {
  return false;
}

function negation<Subject>(predicate: Predicate<Subject>): Predicate<Subject> {
  return (subject) => !predicate(subject);
}

function conjunction<Subject>(predicates: readonly Predicate<Subject>[]): Predicate<Subject> {
  const [first, second, ...rest] = predicates;
  if (first === undefined) return always;
  if (second === undefined) return first;
  if (rest.length === 0) return (subject) => first(subject) && second(subject);
  return (subject) => {
    for (const predicate of predicates) {
      if (!predicate(subject)) return false;
    }
    return true;
  };
}

function disjunction<Subject>(predicates: readonly Predicate<Subject>[]): Predicate<Subject> {
  const [first, second, ...rest] = predicates;
  if (first === undefined) return never;
  if (second === undefined) return first;
  if (rest.length === 0) return (subject) => first(subject) || second(subject);
  return (subject) => {
    for (const predicate of predicates) {
      if (predicate(subject)) return true;
    }
    return false;
  };
}
