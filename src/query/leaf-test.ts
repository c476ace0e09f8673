import type { Filter } from './filter.ts';
import { compileRegularExpression } from './regular-expression.ts';
import {
  type Comparison,
  compared,
  containing,
  dividing,
  equalTo,
  ofType,
  oneOf,
  type ValueTest,
} from './value-test.ts';

/** A filter that asks one question about what is at one path; the others are made of such ones. */
export type Leaf = Exclude<Filter, { readonly kind: 'and' | 'or' | 'not' | 'ne' | 'notIn' | 'all' }>;
/** A leaf that asks about values wherever lists on the path lead. */
export type SearchingLeaf = Exclude<Leaf, { readonly kind: 'equalField' | 'some' }>;

export type CoreFilter =
  | { readonly kind: 'and' | 'or'; readonly filters: readonly Filter[] }
  | { readonly kind: 'not'; readonly filter: Filter }
  | Leaf;

/** The same filter in fewer words: `ne`, `notIn` and `all` are made of others. */
export function coreOf(filter: Filter): CoreFilter {
  switch (filter.kind) {
    case 'ne':
      return { kind: 'not', filter: { kind: 'eq', path: filter.path, value: filter.value } };
    case 'notIn':
      return { kind: 'not', filter: { kind: 'in', path: filter.path, values: filter.values } };
    case 'all': {
      const { path, values } = filter;
      if (values.length === 0) return { kind: 'or', filters: [] }; // fits nothing, as in MongoDB
      return { kind: 'and', filters: values.map((value) => ({ kind: 'eq', path, value })) };
    }
    case 'exists':
      if (filter.exists) return filter;
      return { kind: 'not', filter: { kind: 'exists', path: filter.path, exists: true } };
    default:
      return filter;
  }
}

/** What a leaf asks of a value at its path. `expands`: where that is a list, its elements are asked too. */
export interface LeafTest {
  readonly test: ValueTest;
  readonly expands: boolean;
}

export function leafTest(leaf: SearchingLeaf): LeafTest {
  switch (leaf.kind) {
    case 'eq':
      return { test: equalTo(leaf.value), expands: true };
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return { test: compared(leaf.kind satisfies Comparison, leaf.value), expands: true };
    case 'in':
      return { test: oneOf(leaf.values), expands: true };
    case 'exists':
      return { test: (value) => value !== undefined, expands: false };
    case 'type':
      return { test: ofType(leaf.type), expands: true };
    case 'contains':
      return { test: containing(leaf.value), expands: false };
    case 'startsWith': {
      const { text } = leaf;
      return { test: (value) => typeof value === 'string' && value.startsWith(text), expands: true };
    }
    case 'endsWith': {
      const { text } = leaf;
      return { test: (value) => typeof value === 'string' && value.endsWith(text), expands: true };
    }
    case 'regex': {
      const matches = compileRegularExpression(leaf.pattern);
      return { test: (value) => typeof value === 'string' && matches(value), expands: true };
    }
    case 'size': {
      const { size } = leaf;
      return { test: (value) => Array.isArray(value) && value.length === size, expands: false };
    }
    case 'mod':
      return { test: dividing(leaf.divisor, leaf.remainder), expands: true };
  }
}
