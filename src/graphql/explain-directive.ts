import { DirectiveLocation, GraphQLDirective, type OperationDefinitionNode } from 'graphql';
import type { GraphqlResult } from './graphql-answer.ts';
import type { OperationContext } from './operation-context.ts';

/** Asks for the plans beside the data, in `extensions.explain`: `query @explain { … }`. */
export const explainDirective = new GraphQLDirective({
  name: 'explain',
  description:
    'Tells in `extensions.explain` how each list, count and aggregate was answered: the plan, documents examined and returned, time, and ' +
    'the index that would help.',
  locations: [DirectiveLocation.QUERY],
});

export function asksToExplain({ directives = [] }: OperationDefinitionNode): boolean {
  return directives.some(({ name }) => name.value === explainDirective.name);
}

/** The result of an operation that asks for it. Where an error has taken all data away, the others were given up halfway: nothing is told of them. */
export async function explained(result: GraphqlResult, context: OperationContext): Promise<GraphqlResult> {
  return result.data == null ? result : { ...result, extensions: { explain: await context.explanations() } };
}
