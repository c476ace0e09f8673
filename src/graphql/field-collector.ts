import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLDirective,
  GraphQLIncludeDirective,
  type GraphQLObjectType,
  GraphQLSkipDirective,
  getDirectiveValues,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
  type VariableValues,
} from 'graphql';

/** The fields of one object, by their names in the response, in the order in which those first appear. */
export type CollectedFields = ReadonlyMap<string, readonly FieldNode[]>;

export interface CollectorScope {
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** What `@skip` and `@include` are decided by. */
  readonly variables: VariableValues;
}

/** GraphQL, section 6.3.2 (CollectFields), where all types are object types: fragments apply when they name that very type. */
export function collectFields(
  type: GraphQLObjectType,
  selectionSets: readonly SelectionSetNode[],
  scope: CollectorScope,
): CollectedFields {
  const collected = new Map<string, FieldNode[]>();
  const visited = new Set<string>();

  function visit({ selections }: SelectionSetNode): void {
    for (const selection of selections) {
      if (!isIncluded(selection, scope.variables)) continue;
      if (selection.kind === Kind.FIELD) add(selection);
      else visitFragment(selection);
    }
  }

  function add(field: FieldNode): void {
    const name = field.alias?.value ?? field.name.value;
    const fields = collected.get(name);
    if (fields === undefined) collected.set(name, [field]);
    else fields.push(field);
  }

  function visitFragment(selection: Exclude<SelectionNode, FieldNode>): void {
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      const { typeCondition } = selection;
      if (typeCondition === undefined || typeCondition.name.value === type.name) visit(selection.selectionSet);
      return;
    }
    const name = selection.name.value;
    if (visited.has(name)) return;
    visited.add(name);
    const fragment = scope.fragments.get(name);
    if (fragment?.typeCondition.name.value === type.name) visit(fragment.selectionSet);
  }

  for (const selectionSet of selectionSets) visit(selectionSet);
  return collected;
}

function isIncluded(selection: SelectionNode, variables: VariableValues): boolean {
  if (selection.directives === undefined || selection.directives.length === 0) return true;
  return (
    conditionOf(GraphQLSkipDirective, selection, variables) !== true &&
    conditionOf(GraphQLIncludeDirective, selection, variables) !== false
  );
}

function conditionOf(directive: GraphQLDirective, selection: SelectionNode, variables: VariableValues): unknown {
  return getDirectiveValues(directive, selection, variables)?.if;
}
