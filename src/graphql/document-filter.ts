import type { JsonValue } from '../document/json.ts';
import { everything, type Filter } from '../query/filter.ts';
import { type FilterInput, parseFilter } from '../query/filter-parser.ts';
import type { FilterLimits } from '../query/limits.ts';
import type { YaradbSchemaBuilder } from './schema-builder.ts';

type Lists = 'in' | 'notIn' | 'all';
type Filters = 'and' | 'or' | 'not' | 'some';

/** `FilterInput` in Pothos' words: to it an item of a list that may be null may also be undefined. */
interface DocumentFilterInput extends Omit<FilterInput, Lists | Filters> {
  readonly in?: readonly (JsonValue | undefined)[] | null;
  readonly notIn?: readonly (JsonValue | undefined)[] | null;
  readonly all?: readonly (JsonValue | undefined)[] | null;
  readonly and?: readonly DocumentFilterInput[] | null;
  readonly or?: readonly DocumentFilterInput[] | null;
  readonly not?: DocumentFilterInput | null;
  readonly some?: DocumentFilterInput | null;
}

/** The filter that a client sent; every document fits when it sent none. GraphQL's coercion leaves no item undefined. */
export function filterOf(input: DocumentFilterInput | null | undefined, limits: FilterLimits): Filter {
  return input == null ? everything : parseFilter(input as FilterInput, limits);
}

/** The inputs of a search, as references that fields take their arguments from. */
export type DocumentFilterInputs = ReturnType<typeof addDocumentFilter>;

/** Adds `DocumentFilter`, `DocumentOrder`, `Archived`, `Direction` and `JSONType`. */
export function addDocumentFilter(builder: YaradbSchemaBuilder) {
  const archived = builder.enumType('Archived', {
    description: 'Which documents are seen: live ones, all, or archived ones.',
    values: ['EXCLUDE', 'INCLUDE', 'ONLY'] as const,
  });
  const direction = builder.enumType('Direction', { values: ['ASC', 'DESC'] as const });
  const jsonType = builder.enumType('JSONType', {
    values: ['STRING', 'NUMBER', 'BOOLEAN', 'NULL', 'OBJECT', 'ARRAY'] as const,
  });
  const order = builder.inputType('DocumentOrder', {
    fields: (t) => ({
      path: t.string({ required: true }),
      direction: t.field({ type: direction, defaultValue: 'ASC' }),
    }),
  });
  const filter = builder.inputRef<DocumentFilterInput, false>('DocumentFilter');
  filter.implement({
    description:
      'All parts of one filter are ANDed. Operators mean what the MongoDB operators of the same names mean, lists on the ' +
      'path included. A path needs an operator, and an operator a path (but not inside `some`).',
    fields: (t) => ({
      and: t.field({ type: [filter], description: 'An empty list fits every document.' }),
      or: t.field({ type: [filter], description: 'An empty list fits none.' }),
      not: t.field({ type: filter }),
      match: t.field({
        type: 'JSON',
        description:
          'An object such as {"username": "alice"}: each field\'s whole value is equal. It never holds operators.',
      }),
      path: t.string({
        description:
          'Keys joined by dots, such as "address.city". "$id", "$name", "$table", "$version", "$createdAt", "$updatedAt" ' +
          'and "$archivedAt" name the document\'s own fields. A backslash escapes a dot, a leading $ and itself.',
      }),
      eq: t.field({ type: 'JSON' }),
      ne: t.field({ type: 'JSON' }),
      gt: t.field({ type: 'JSON' }),
      gte: t.field({ type: 'JSON' }),
      lt: t.field({ type: 'JSON' }),
      lte: t.field({ type: 'JSON' }),
      in: t.field({ type: ['JSON'], required: { list: false, items: false } }),
      notIn: t.field({ type: ['JSON'], required: { list: false, items: false } }),
      exists: t.boolean(),
      type: t.field({ type: jsonType }),
      contains: t.field({ type: 'JSON', description: "A string's part, or a list's element." }),
      startsWith: t.string(),
      endsWith: t.string(),
      regex: t.string({ description: 'Answers in linear time, whatever the pattern.' }),
      size: t.int(),
      mod: t.field({
        type: ['JSON'],
        description:
          'A divisor and the remainder that a number leaves, which has its sign: [4, 0], [4, -1]. Fractions are cut off first.',
      }),
      all: t.field({ type: ['JSON'], required: { list: false, items: false } }),
      some: t.field({
        type: filter,
        description: 'An element of the list at `path` fits; inside, paths start at the element.',
      }),
    }),
  });
  return { archived, direction, order, filter };
}
