import {
  type FieldNode,
  type GraphQLField,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type OperationDefinitionNode,
  OperationTypeNode,
  type SelectionSetNode,
} from 'graphql';
import { type CollectorScope, collectFields } from './field-collector.ts';
import type { OperationContext } from './operation-context.ts';

/** What an operation comes to on this schema, with all found out that does not change from one execution to the next. */
export interface OperationPlan {
  /** Mutations: each root field after the one before. */
  readonly isSerial: boolean;
  readonly fields: readonly FieldPlan[];
}

export interface FieldPlan {
  /** The alias, or the field's name. */
  readonly responseName: string;
  readonly parentType: GraphQLObjectType;
  readonly definition: GraphQLField<unknown, unknown>;
  /** More than one where selections were merged. */
  readonly nodes: readonly FieldNode[];
  readonly argumentsNode: FieldNode;
  readonly takesArguments: boolean;
  readonly resolve: Resolver;
  readonly isNonNull: boolean;
  readonly value: ValuePlan;
}

/** How a value becomes a part of the response. `itemSize` is how many values an item of a list comes to, with one item in each list below. */
export type ValuePlan =
  | { readonly kind: 'leaf'; readonly type: GraphQLLeafType }
  | { readonly kind: 'object'; readonly fields: readonly FieldPlan[] }
  | { readonly kind: 'list'; readonly item: ValuePlan; readonly isItemNonNull: boolean; readonly itemSize: number }
  | { readonly kind: 'nonNull'; readonly value: ValuePlan };

export type Resolver = (source: unknown, args: Readonly<Record<string, unknown>>, context: OperationContext) => unknown;

/** A request for what plans are not made for: introspection and abstract types. graphql-js executes it. */
export class UnplannableError extends Error {}

/**
 * The plan of a validated query or mutation. `@skip` and `@include` are decided by the variables, so it serves for all executions with the same
 * values in these places.
 * @throws {UnplannableError}
 */
export function planOperation(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  scope: CollectorScope,
): OperationPlan {
  const type = schema.getRootType(operation.operation);
  if (type == null || operation.operation === OperationTypeNode.SUBSCRIPTION) throw new UnplannableError();
  return {
    isSerial: operation.operation === OperationTypeNode.MUTATION,
    fields: planFields(type, [operation.selectionSet], { schema, ...scope }),
  };
}

interface PlanScope extends CollectorScope {
  readonly schema: GraphQLSchema;
}

function planFields(
  parentType: GraphQLObjectType,
  selectionSets: readonly SelectionSetNode[],
  scope: PlanScope,
): readonly FieldPlan[] {
  const collected = collectFields(parentType, selectionSets, scope);
  return Array.from(collected, ([responseName, nodes]) => planField(parentType, responseName, nodes, scope));
}

function planField(
  parentType: GraphQLObjectType,
  responseName: string,
  nodes: readonly FieldNode[],
  scope: PlanScope,
): FieldPlan {
  const [node] = nodes;
  const definition = node === undefined ? undefined : scope.schema.getField(parentType, node.name.value);
  if (node === undefined || definition === undefined) throw new UnplannableError();
  // It would become the prototype of the object that it is put into.
  if (responseName === '__proto__') throw new UnplannableError();
  return {
    responseName,
    parentType,
    definition,
    nodes,
    argumentsNode: node,
    takesArguments: definition.args.length > 0,
    resolve: resolverOf(parentType, definition),
    isNonNull: isNonNullType(definition.type),
    value: planValue(definition.type, nodes, scope),
  };
}

function resolverOf(parentType: GraphQLObjectType, { name, resolve }: GraphQLField<unknown, unknown>): Resolver {
  if (name === '__typename') return () => parentType.name;
  if (resolve === undefined) return propertyResolver(name);
  // Whoever asks for the fourth argument, which tells all about the request, gets it from graphql-js.
  if (resolve.length > 3) throw new UnplannableError();
  return resolve as Resolver;
}

/** What graphql-js does for a field without a resolver, where sources have properties and no methods that are fields. */
function propertyResolver(name: string): Resolver {
  return (source) => (source as Readonly<Record<string, unknown>>)[name];
}

function planValue(type: GraphQLOutputType, nodes: readonly FieldNode[], scope: PlanScope): ValuePlan {
  if (isNonNullType(type)) return { kind: 'nonNull', value: planValue(type.ofType, nodes, scope) };
  if (isListType(type)) {
    const item = planValue(type.ofType, nodes, scope);
    return { kind: 'list', item, isItemNonNull: isNonNullType(type.ofType), itemSize: sizeOf(item) };
  }
  if (isLeafType(type)) return { kind: 'leaf', type };
  if (!isObjectType(type) || type.isTypeOf != null) throw new UnplannableError();
  const selectionSets = nodes.flatMap(({ selectionSet }) => (selectionSet === undefined ? [] : [selectionSet]));
  return { kind: 'object', fields: planFields(type, selectionSets, scope) };
}

function sizeOf(plan: ValuePlan): number {
  switch (plan.kind) {
    case 'leaf':
      return 1;
    case 'object':
      return plan.fields.reduce((sum, { value }) => sum + sizeOf(value), 1);
    case 'list':
      return 1 + plan.itemSize;
    case 'nonNull':
      return sizeOf(plan.value);
  }
}
