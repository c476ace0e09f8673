import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type GraphQLSchema,
  getVariableValues,
  Kind,
  type TypeNode,
  type VariableDefinitionNode,
  type VariableValues,
} from 'graphql';

/** So many items of a list are coerced at once, which takes about a millisecond. */
export const itemsAtOnceMax = 256;

type Variables = Readonly<Record<string, unknown>>;

/** A variable that is a list of more items than are coerced at once; undefined when there is none. */
export function longListOf(
  definitions: readonly VariableDefinitionNode[],
  variables: Variables,
): VariableDefinitionNode | undefined {
  return definitions.find(({ variable, type }) => {
    const value = variables[variable.name.value];
    return Array.isArray(value) && value.length > itemsAtOnceMax && isList(type);
  });
}

function isList(type: TypeNode): boolean {
  return type.kind === Kind.LIST_TYPE || (type.kind === Kind.NON_NULL_TYPE && isList(type.type));
}

/**
 * As `getVariableValues`, but for the items of one list, which are coerced by a few in turns of the event loop between which others have theirs: graphql-js coerces each
 * item by itself. Undefined when something is wrong, which it then tells of the whole.
 */
export async function coerceInPieces(
  schema: GraphQLSchema,
  definitions: readonly VariableDefinitionNode[],
  variables: Variables,
  { variable }: VariableDefinitionNode,
): Promise<VariableValues | undefined> {
  const name = variable.name.value;
  const list = variables[name];
  const definition = definitions.filter((other) => other.variable === variable);
  const { variableValues: others } = getVariableValues(schema, definitions, { ...variables, [name]: [] });
  const source = others?.sources[name];
  if (!Array.isArray(list) || others === undefined || source === undefined) return undefined;
  const items: unknown[] = [];
  for (let start = 0; start < list.length; start += itemsAtOnceMax) {
    const piece = { [name]: list.slice(start, start + itemsAtOnceMax) };
    const coerced = getVariableValues(schema, definition, piece).variableValues?.coerced[name];
    if (!Array.isArray(coerced)) return undefined;
    for (const item of coerced) items.push(item);
    await nextTurn();
  }
  return {
    sources: Object.assign(Object.create(null), others.sources, { [name]: { ...source, value: list } }),
    coerced: Object.assign(Object.create(null), others.coerced, { [name]: items }),
  };
}
