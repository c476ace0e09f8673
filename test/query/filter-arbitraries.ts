import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../src/document/json.ts';

const scalars: fc.Arbitrary<JsonValue> = fc.constantFrom<JsonValue>(
  ...[null, null, true, false, 0, 1, 2, 5, -4, -1.5, 2 ** 53, 2n ** 53n + 1n, '', 'a', 'b', 'ab', 'B', 'a\nb', '5'],
  ...['é', '😀', '\uffee', '2026-07-25T09:30:00Z', '2026-07-25'],
);
const keys = fc.constantFrom('a', 'a', 'b', 'b', 'c', '0', 'é');

const { value: values } = fc.letrec<{ value: JsonValue; list: JsonValue[]; object: JsonObject }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'large' },
    { weight: 4, arbitrary: scalars },
    { weight: 4, arbitrary: tie('list') },
    { weight: 4, arbitrary: tie('object') },
  ),
  list: fc.array(
    fc.oneof(
      { weight: 4, arbitrary: scalars },
      { weight: 4, arbitrary: tie('object') },
      { weight: 1, arbitrary: tie('list') },
    ),
    { maxLength: 3 },
  ),
  object: fc.dictionary(keys, tie('value'), { maxKeys: 3, noNullPrototype: true }),
}));
// Paths lead somewhere more often than not, and often through lists.
export const bodies: fc.Arbitrary<JsonObject> = fc.record(
  { a: values, b: values, c: values, 0: values, é: values },
  { requiredKeys: ['a'], noNullPrototype: true },
);

const paths = fc.constantFrom('a', 'a', 'b', 'a.b', 'b.a', 'a.b.c', 'a.0', 'a.1.b', 'a.0.0', '0', 'c.é', 'é');
const operands = fc.oneof({ weight: 5, arbitrary: scalars }, { weight: 1, arbitrary: values });
const operandLists = fc.array(operands, { maxLength: 3 });
const patterns = fc.constantFrom('a', '^a', '^b', 'b$', '^a?b$', '.', '^.$', '^[a-b]+$', '\\d', '');
const types = fc.constantFrom('string', 'number', 'bool', 'null', 'object', 'array');

function operator(name: string, operand: fc.Arbitrary<JsonValue>): fc.Arbitrary<JsonObject> {
  return operand.map((value) => ({ [name]: value }));
}

/** What may stand beside a path: one or two operators, some of them made of others. */
const { filter } = fc.letrec<{ operators: JsonObject; filter: JsonObject; single: JsonObject }>((tie) => ({
  single: fc.oneof(
    { maxDepth: 3 },
    {
      weight: 6,
      arbitrary: fc.tuple(fc.constantFrom('$eq', '$ne', '$gt', '$gte', '$lt', '$lte'), operands).map(entryObject),
    },
    { weight: 3, arbitrary: fc.tuple(fc.constantFrom('$in', '$nin', '$all'), operandLists).map(entryObject) },
    { weight: 1, arbitrary: operator('$exists', fc.boolean()) },
    { weight: 1, arbitrary: operator('$type', fc.oneof(types, fc.array(types, { minLength: 1, maxLength: 2 }))) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(patterns, fc.constantFrom('', 'i', 'm', 's', 'ims'))
        .map(([$regex, $options]) => ($options === '' ? { $regex } : { $regex, $options })),
    },
    { weight: 1, arbitrary: operator('$size', fc.nat(2)) },
    { weight: 1, arbitrary: operator('$mod', fc.constantFrom([4, 0], [2, 1], [-3, 1], [5, -4])) },
    { weight: 1, arbitrary: operator('$not', tie('operators')) },
    { weight: 2, arbitrary: operator('$elemMatch', fc.oneof(tie('operators'), tie('filter'))) },
  ),
  operators: fc
    .array(tie('single'), { minLength: 1, maxLength: 2 })
    .map((parts): JsonObject => Object.assign({}, ...parts)),
  filter: fc.oneof(
    { maxDepth: 3 },
    {
      weight: 5,
      arbitrary: fc
        .array(fc.tuple(paths, tie('operators')), { minLength: 1, maxLength: 2 })
        .map((entries): JsonObject => Object.fromEntries(entries)),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom('$and', '$or', '$nor'), fc.array(tie('filter'), { minLength: 1, maxLength: 3 }))
        .map(entryObject),
    },
  ),
}));

function entryObject([key, value]: readonly [string, JsonValue]): JsonObject {
  return { [key]: value };
}

/** Filters in the language of MongoDB, with all of its operators that are known. */
export const filters: fc.Arbitrary<JsonObject> = filter;
