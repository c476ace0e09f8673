import { type ExecutionArgs, execute, type OperationDefinitionNode } from 'graphql';
import { asksToExplain, explained } from './explain-directive.ts';
import type { GraphqlResult } from './graphql-answer.ts';
import type { OperationContext } from './operation-context.ts';

/**
 * Executes a query or a mutation by graphql-js, which knows all of GraphQL: what no plan is made for. Ends the context.
 * @param operation the one that is meant; undefined when there is none, which the result tells.
 */
export async function executeCompletely(
  args: Omit<ExecutionArgs, 'contextValue'>,
  context: OperationContext,
  operation: OperationDefinitionNode | undefined,
): Promise<GraphqlResult> {
  try {
    const result = await execute({ ...args, contextValue: context });
    // Awaited here: the views that it tells of are closed with the context.
    return operation !== undefined && asksToExplain(operation) ? await explained(result, context) : result;
  } finally {
    await context.close();
  }
}
