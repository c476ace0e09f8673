import { DirectiveLocation, GraphQLDirective, type OperationDefinitionNode } from 'graphql';

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
