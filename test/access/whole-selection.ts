import {
  type GraphQLField,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isNonNullType,
  isObjectType,
} from 'graphql';

/** What the required arguments of fields below the root are. A field with one that is not here makes the walk fail: it is not covered yet. */
const requiredArguments: Readonly<Record<string, string>> = { 'Document.value': '(path: "text")' };

/**
 * Every field of a type, and of the types of its fields, as deep as that, so that a field which is added later is asked for without anybody
 * thinking of it.
 */
export function wholeSelection(schema: GraphQLSchema, output: GraphQLOutputType, depth: number): string {
  const type = getNamedType(output);
  if (isAbstractType(type)) {
    const parts = schema
      .getPossibleTypes(type)
      .map((each) => `... on ${each.name} ${wholeSelection(schema, each, depth)}`);
    return `{ __typename ${parts.join(' ')} }`;
  }
  if (!isObjectType(type)) return '';
  const fields = Object.values(type.getFields()).flatMap((field) => {
    const isNested = isObjectType(getNamedType(field.type)) || isAbstractType(getNamedType(field.type));
    if (isNested && depth === 0) return [];
    return [`${field.name}${argumentsOf(type.name, field)} ${wholeSelection(schema, field.type, depth - 1)}`];
  });
  return `{ __typename ${fields.join(' ')} }`;
}

function argumentsOf(type: string, { name, args }: GraphQLField<unknown, unknown>): string {
  const given = requiredArguments[`${type}.${name}`];
  if (given !== undefined) return given;
  const missing = args.find(({ type: input, defaultValue }) => isNonNullType(input) && defaultValue === undefined);
  if (missing === undefined) return '';
  throw new Error(`${type}.${name} needs ${missing.name}: say in whole-selection.ts what to ask it for`);
}
