import { DirectiveLocation, type DocumentNode, GraphQLDirective, Kind, type OperationDefinitionNode } from 'graphql';
import type { QueryExplanation } from '../query/query-explanation.ts';
import type { OperationContext } from './operation-context.ts';

/** Asks for the plans beside the data: `query @explain { … }`. */
export const explainDirective = new GraphQLDirective({
  name: 'explain',
  description:
    'Tells in `extensions.explain` how each list, count and aggregate was answered: the plan, documents examined and returned, time, and ' +
    'the index that would help.',
  locations: [DirectiveLocation.QUERY],
});

/** What goes into `extensions`; undefined when the operation does not ask. */
export async function explanationsOf(
  document: DocumentNode,
  operationName: string | null | undefined,
  context: OperationContext,
): Promise<{ readonly explain: readonly QueryExplanation[] } | undefined> {
  const operation = document.definitions.find(
    (definition): definition is OperationDefinitionNode =>
      definition.kind === Kind.OPERATION_DEFINITION &&
      (operationName == null || definition.name?.value === operationName),
  );
  const asks = operation?.directives?.some(({ name }) => name.value === explainDirective.name) ?? false;
  return asks ? { explain: await context.explanations() } : undefined;
}
