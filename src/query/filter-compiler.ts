import type { Document } from '../document/document.ts';
import type { JsonObject, JsonValue } from '../document/json.ts';
import { type DocumentField, type Path, readField, resolveKeys } from '../document/path.ts';
import { equalValues, ordersByCodeUnit } from '../document/value-order.ts';
import {
  type ColumnPredicate,
  type ColumnSource,
  columnPredicateFactories,
  fingerprintsName,
  irregular,
  isReadPlainly,
  valuesName,
} from './column-predicate.ts';
import type { ElementBits } from './element-bits.ts';
import { someElementFits } from './element-filter.ts';
import type { Filter } from './filter.ts';
import type { Archived } from './find-query.ts';
import { askedText, fingerprintQuestion } from './fingerprint.ts';
import type { PredicateSource } from './kept-factories.ts';
import { coreOf, type Leaf, type LeafTest, leafTest } from './leaf-test.ts';
import { passes, someAtPath, toSteps } from './path-walk.ts';
import { patternText } from './pattern-text.ts';
import { type Predicate, predicateFactories } from './predicate-factory.ts';
import { timeTest } from './time-operand.ts';
import type { Comparison, ValueTest } from './value-test.ts';

/**
 * Makes a predicate of a filter. It allocates nothing for a document on the usual paths, never changes one, and may be kept
 * as long as one likes.
 *
 * The filter becomes the source of a JavaScript function. Predicates made of closures would be shorter, but all filters of
 * a process run through the same few closures: once V8 has seen them read many keys and call many tests, a scan takes twice as
 * long as the same predicate written by hand, and a function of its own does not. In the source stand the commonest questions
 * about scalars; for all else it calls closures. It holds no operand, and of a path only the keys, as string literals.
 *
 * @throws {InvalidArgumentError} For a regular expression that is none. The parsers let none through.
 */
export function compileFilter(filter: Filter): (document: Document) => boolean {
  return compile(filter, 'INCLUDE').fits;
}

/** Makes a search through documents for those that fit and that `archived` admits. Like `compileFilter` in all else. */
export function compileSearch(filter: Filter, archived: Archived): Pick<Predicate, 'search' | 'count'> {
  return compile(filter, archived);
}

/** What the compiler knows of a column. */
export interface NamedColumn {
  readonly source: ColumnSource;
  /** What the fingerprints of lists mean so far. */
  readonly bits: ElementBits;
}

/** The same search through documents of which there are these columns. To be made again when there are more `bits`. */
export function compileColumnSearch(
  filter: Filter,
  archived: Archived,
  columns: readonly NamedColumn[],
): ColumnPredicate {
  const byName = new Map(columns.map(({ source, bits }, number) => [source.name, { number, bits }]));
  const writer = new PredicateWriter({ document: 'list[i]', body: 'list[i].body', columns: byName });
  const { source, constants } = writer.write(filter, archived);
  return columnPredicateFactories.factory(source)(constants);
}

function compile(filter: Filter, archived: Archived): Predicate {
  const writer = new PredicateWriter({ document: 'd', body: 'b', columns: new Map() });
  const { source, constants } = writer.write(filter, archived);
  return predicateFactories.factory(source)(constants);
}

/** How the loops name what an expression asks about. */
interface Names {
  readonly document: string;
  readonly body: string;
  /** By the name of a column. */
  readonly columns: ReadonlyMap<string, { readonly number: number; readonly bits: ElementBits }>;
}

/**
 * Writes expressions in which `v` is a variable for a value, and `c0`, `c1`, … are constants: operands of the filter and closures
 * over them.
 */
class PredicateWriter {
  readonly #names: Names;
  readonly #constants: unknown[] = [];
  /** The sources of `f0`, `f1`, …, which the expressions call. */
  readonly #functions: string[] = [];

  constructor(names: Names) {
    this.#names = names;
  }

  write(filter: Filter, archived: Archived): { readonly source: PredicateSource; readonly constants: unknown[] } {
    const { document, columns } = this.#names;
    const admissions: { readonly [Kind in Archived]: string } = {
      INCLUDE: 'true',
      EXCLUDE: `${document}.archivedAt === null`,
      ONLY: `${document}.archivedAt !== null`,
    };
    const expression = this.#expression(filter);
    const constants = this.#constants;
    const source = {
      expression,
      admission: admissions[archived],
      functions: this.#functions,
      constantCount: constants.length,
      columnCount: columns.size,
    };
    return { source, constants };
  }

  #expression(filter: Filter): string {
    const core = coreOf(filter);
    switch (core.kind) {
      case 'and':
        return this.#combination(core.filters, ' && ', 'true');
      case 'or':
        return this.#combination(core.filters, ' || ', 'false');
      case 'not':
        return `!${this.#expression(core.filter)}`;
      default:
        return `(${this.#leaf(core)})`;
    }
  }

  #combination(filters: readonly Filter[], operator: string, ofNone: string): string {
    return filters.length === 0 ? ofNone : `(${filters.map((filter) => this.#expression(filter)).join(operator)})`;
  }

  #leaf(leaf: Leaf): string {
    const fingerprints = this.#names.columns.get(fingerprintsName(leaf.path));
    const asked = askedText(leaf);
    if (fingerprints === undefined || asked === null) return this.#plainLeaf(leaf);
    const entry = `q${fingerprints.number}[i]`;
    return fingerprintQuestion(asked, entry, this.#plainLeaf(leaf), fingerprints.bits, (value) =>
      this.#constant(value),
    );
  }

  #plainLeaf(leaf: Leaf): string {
    const { path } = leaf;
    if (path.kind === 'field') return this.#fieldLeaf(leaf, path.field);
    const { keys } = path;
    if (leaf.kind === 'equalField') {
      const { value } = leaf;
      return this.#walk(
        path,
        (root, position) => root !== undefined && equalValues(resolveKeys(root, keys.slice(position)), value),
        () => this.#equality(value),
      );
    }
    const { test, expands } = testOf(leaf);
    const steps = toSteps(keys);
    return this.#walk(
      path,
      (root, position) => someAtPath(root, steps, position, expands, test),
      () => this.#question(leaf, test, expands),
    );
  }

  /**
   * Down the keys as long as there are objects. From whatever else is met `goOn` decides, which is given what is at the
   * first `position` keys.
   */
  #walk(
    path: Path & { readonly kind: 'body' },
    goOn: (root: JsonValue | undefined, position: number) => boolean,
    question: () => string,
  ): string {
    const { keys } = path;
    const { body, columns } = this.#names;
    if (!isReadPlainly(keys) || this.#constants.length >= inlineConstantsMax) {
      return this.#call((root: JsonObject) => goOn(root, 0), body);
    }
    const column = columns.get(valuesName(path));
    if (column !== undefined) {
      const entry = `v = q${column.number}[i]`;
      if (keys.length === 1) return `${entry}, ${question()}`; // a body is no list
      const ask = this.#call((root: JsonObject) => goOn(root, 0), body);
      return `(${entry}) === ${this.#constant(irregular)} ? ${ask} : (${question()})`;
    }
    let source = `v = ${body}`;
    let after = '';
    for (const [position, key] of keys.entries()) {
      if (position > 0) {
        source += `, typeof v === 'object' && v !== null && !Array.isArray(v) ? (v = v`;
        after = `) : ${this.#call((root: JsonValue | undefined) => goOn(root, position), 'v')}${after}`;
      }
      source += `[${JSON.stringify(key)}]`;
    }
    return `${source}, ${question()}${after}`;
  }

  /** Whether `v` as a whole equals the operand. */
  #equality(operand: JsonValue): string {
    if (typeof operand === 'object' || typeof operand === 'bigint') {
      return this.#call((value: JsonValue | undefined) => equalValues(value, operand), 'v');
    }
    return `v === ${this.#constant(operand)}`;
  }

  /** Whether `v`, which is at the end of the path, passes the test. Scalars are asked here, where that is quick. */
  #question(leaf: Leaf, test: ValueTest, expands: boolean): string {
    const ask: ValueTest = expands ? (value) => passes(value, true, test) : test;
    switch (leaf.kind) {
      case 'eq': {
        const { value } = leaf;
        if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') break;
        const operand = this.#constant(value);
        return `v === ${operand} || typeof v === 'object' && ${this.#someElement((element) => `${element} === ${operand}`)}`;
      }
      case 'gt':
      case 'gte':
      case 'lt':
      case 'lte': {
        const { value } = leaf;
        if (typeof value !== 'number' && !(typeof value === 'string' && ordersByCodeUnit(value))) break;
        const comparison = `v ${comparisonSigns[leaf.kind]} ${this.#constant(value)}`;
        return `typeof v === '${typeof value}' ? ${comparison} : ${this.#call(ask, 'v')}`;
      }
      case 'startsWith':
      case 'endsWith':
        return this.#textQuestion(leaf.kind, leaf.text);
      case 'regex': {
        const plain = patternText(leaf.pattern);
        if (plain?.whole) return this.#textQuestion(plain.anchored ? 'startsWith' : 'includes', plain.text);
        break;
      }
      case 'exists':
        return 'v !== undefined';
    }
    return expands
      ? `typeof v === 'object' ? ${this.#call(ask, 'v')} : ${this.#call(test, 'v')}`
      : this.#call(test, 'v');
  }

  /** Whether `v`, or an element of it, is a text that has another one at its beginning, its end or anywhere. */
  #textQuestion(method: 'startsWith' | 'endsWith' | 'includes', text: string): string {
    const operand = this.#constant(text);
    const ask = (value: string) => `${value}.${method}(${operand})`;
    const isElement = this.#someElement((element) => `typeof ${element} === 'string' && ${ask(element)}`);
    return `typeof v === 'string' ? ${ask('v')} : typeof v === 'object' && ${isElement}`;
  }

  /** Whether `v` is a list that has an element of which the question holds. */
  #someElement(question: (element: string) => string): string {
    const loop = `for (let i = 0; i < list.length; i += 1) { const e = list[i]; if (${question('e')}) return true; }`;
    const name = `f${this.#functions.push(`(list) => { ${loop} return false; }`) - 1}`;
    return `Array.isArray(v) && ${name}(v)`;
  }

  #fieldLeaf(leaf: Leaf, field: DocumentField): string {
    const { document } = this.#names;
    const time = timeTest(leaf, field);
    if (time !== undefined) return this.#call(time, document);
    if (leaf.kind === 'equalField') {
      const { value } = leaf;
      return this.#call((asked: Document) => equalValues(readField(asked, field), value), document);
    }
    const { test } = testOf(leaf);
    return this.#call((asked: Document) => test(readField(asked, field)), document);
  }

  #call<Argument>(closure: (argument: Argument) => boolean, argument: string): string {
    return `${this.#constant(closure)}(${argument})`;
  }

  #constant(value: unknown): string {
    return `c${this.#constants.push(value) - 1}`;
  }
}

/** Questions beyond these are calls only: a filter of many parts must not take long to compile, however fast it runs then. */
const inlineConstantsMax = 200;

const comparisonSigns: { readonly [Kind in Comparison]: string } = { gt: '>', gte: '>=', lt: '<', lte: '<=' };

function testOf(leaf: Exclude<Leaf, { readonly kind: 'equalField' }>): LeafTest {
  return leaf.kind === 'some' ? { test: someElementFits(leaf.filter), expands: false } : leafTest(leaf);
}
