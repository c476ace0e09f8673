import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../../src/document/json.ts';
import { type Path, parsePath } from '../../../src/document/path.ts';
import type { Filter } from '../../../src/query/filter.ts';
import { matchField } from '../../../src/query/match-parser.ts';
import type { Order } from '../../../src/query/order.ts';

/** Few values, so that they meet, and of every kind: mixed types, lists, lists in lists, empty ones, objects. */
export const values = fc.constantFrom<JsonValue>(
  null,
  1,
  2,
  3,
  -0.5,
  10n ** 20n + 1n,
  '',
  'a',
  'ab',
  'b',
  true,
  false,
  [],
  [1],
  [1, 3],
  [2, 'a', null],
  [[1], 2],
  {},
  { x: 1 },
  { x: [1, 2] },
  { x: null },
  [{ x: 1 }, { x: 3 }],
  [{ x: [1, 3] }, 5],
  [{ y: 1 }, {}],
  [[{ x: 1 }]],
);

export const scalars = fc.constantFrom<JsonValue>(null, 1, 2, 3, 'a', 'ab', 'b', true);

const plainBodies = fc.oneof(
  fc.record({ a: values, b: values, c: scalars }),
  fc.record({ a: scalars, b: values, c: scalars }),
  fc.record({ a: scalars, b: values, c: scalars }, { requiredKeys: [] }),
);

/** Keys that read like paths: seldom, so that there is often none among the documents of a view. */
const dottedBodies = fc
  .tuple(plainBodies, fc.record({ 'a.x': values, 'b.x': scalars }, { requiredKeys: [] }))
  .map(([body, more]): JsonObject => ({ ...body, ...more }));

export const bodies: fc.Arbitrary<JsonObject> = fc.oneof(
  { weight: 40, arbitrary: plainBodies },
  { weight: 1, arbitrary: dottedBodies },
);

const anyPaths = fc
  .constantFrom('a', 'c', 'a.x', 'b', 'b.x', 'a.0', 'b.1.x', '$version', '$updatedAt', '$name', '$id', 'a\\.x')
  .map((text): Path => parsePath(text, 'path'));
/** What queries and indexes are about most of the time, so that they meet. */
const usualPaths = fc.constantFrom('a', 'a', 'c', 'c', 'a.x').map((text): Path => parsePath(text, 'path'));
export const paths = fc.oneof({ weight: 4, arbitrary: usualPaths }, { weight: 1, arbitrary: anyPaths });
const bodyPaths = paths.filter(({ kind }) => kind === 'body');

const elementPaths = fc.constantFrom<Path>(
  { kind: 'body', text: '', keys: [] },
  parsePath('x', 'path'),
  parsePath('x.y', 'path'),
  parsePath('0', 'path'),
);

function operators(path: fc.Arbitrary<Path>): fc.Arbitrary<Filter> {
  const texts = fc.constantFrom('', 'a', 'ab', '\u{10ffff}');
  return fc.oneof(
    fc.record({ kind: fc.constant('eq' as const), path, value: values }),
    fc.record({
      kind: fc.constantFrom('gt' as const, 'gte' as const, 'lt' as const, 'lte' as const),
      path,
      value: values,
    }),
    fc.record({ kind: fc.constant('ne' as const), path, value: values }),
    fc.record({ kind: fc.constant('in' as const), path, values: fc.array(values, { maxLength: 4 }) }),
    fc.record({ kind: fc.constant('all' as const), path, values: fc.array(values, { maxLength: 2 }) }),
    fc.record({ kind: fc.constant('exists' as const), path, exists: fc.boolean() }),
    fc.record({
      kind: fc.constant('type' as const),
      path,
      type: fc.constantFrom(
        'STRING' as const,
        'NUMBER' as const,
        'BOOLEAN' as const,
        'NULL' as const,
        'OBJECT' as const,
        'ARRAY' as const,
      ),
    }),
    fc.record({ kind: fc.constant('contains' as const), path, value: values }),
    fc.record({ kind: fc.constant('startsWith' as const), path, text: texts }),
    fc.record({ kind: fc.constant('size' as const), path, size: fc.nat(2) }),
    fc.record({ kind: fc.constant('endsWith' as const), path, text: texts }),
    fc.record({ kind: fc.constant('notIn' as const), path, values: fc.array(values, { maxLength: 4 }) }),
    fc.record({
      kind: fc.constant('mod' as const),
      path,
      divisor: fc.constantFrom(2, -3),
      remainder: fc.constantFrom(0, 1),
    }),
    fc.record({ kind: fc.constant('equalField' as const), path, value: values }),
    fc.record({
      kind: fc.constant('regex' as const),
      path,
      pattern: fc.constantFrom('^a', '^ab', 'b', '^ab?', 'b$', '^a|b'),
    }),
  );
}

function combined(leaves: fc.Arbitrary<Filter>): fc.Arbitrary<Filter> {
  return fc.oneof(
    { weight: 3, arbitrary: leaves },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('and' as const),
        filters: fc.array(leaves, { maxLength: 3, size: 'max' }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('or' as const),
        filters: fc.array(leaves, { maxLength: 3, size: 'max' }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('not' as const), filter: leaves }) },
  );
}

const elementFilters = combined(
  fc.oneof(
    { weight: 4, arbitrary: operators(elementPaths) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('some' as const), path: elementPaths, filter: operators(elementPaths) }),
    },
  ),
);

const leafFilters = fc.oneof(
  { weight: 5, arbitrary: operators(paths) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('some' as const), path: bodyPaths, filter: elementFilters }) },
);

/** What an index can serve. */
const usualFilters = fc.oneof(
  fc.record({ kind: fc.constant('eq' as const), path: usualPaths, value: scalars }),
  fc.record({
    kind: fc.constantFrom('gt' as const, 'gte' as const, 'lt' as const, 'lte' as const),
    path: usualPaths,
    value: scalars,
  }),
  fc.record({
    kind: fc.constant('in' as const),
    path: usualPaths,
    values: fc.array(scalars, { minLength: 1, maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant('startsWith' as const), path: usualPaths, text: fc.constantFrom('', 'a', 'ab') }),
  fc
    .tuple(fc.constantFrom('a.x', 'a.x', 'b.x', 'c', 'c', 'a', 'a.0'), scalars)
    .map(([key, value]) => matchField(key, value)),
  fc.record({ kind: fc.constant('eq' as const), path: fc.constant(parsePath('a\\.x', 'path')), value: scalars }),
);

export const filters = fc.oneof(
  { weight: 2, arbitrary: combined(usualFilters) },
  { weight: 1, arbitrary: combined(combined(usualFilters)) },
  { weight: 1, arbitrary: combined(fc.oneof(usualFilters, leafFilters)) },
  { weight: 1, arbitrary: combined(combined(leafFilters)) },
);

export const orders: fc.Arbitrary<readonly Order[]> = fc.oneof(
  fc.constant([]),
  fc
    .tuple(
      fc.uniqueArray(paths, { minLength: 1, maxLength: 2, selector: ({ text }) => text }),
      fc.constantFrom('ASC' as const, 'DESC' as const),
    )
    .map(([some, direction]) => some.map((path) => ({ path, direction }))),
  fc.array(fc.record({ path: paths, direction: fc.constantFrom('ASC' as const, 'DESC' as const) }), {
    minLength: 1,
    maxLength: 2,
  }),
);
