import {
  type GraphQLSchema,
  getVariableValues,
  type OperationTypeNode,
  Source,
  specifiedRules,
  type VariableValues,
} from 'graphql';
import type { Principal } from '../database/principal.ts';
import { type GraphqlDocumentLimits, parseGraphqlDocument } from './document-limits.ts';
import { validateGraphqlDocument } from './document-validation.ts';
import { explained } from './explain-directive.ts';
import type { GraphqlResult } from './graphql-answer.ts';
import type { GraphqlParameters } from './graphql-parameters.ts';
import { OperationCache } from './operation-cache.ts';
import { type GraphqlServices, OperationContext } from './operation-context.ts';
import { CostLimit } from './operation-cost.ts';
import { PlanExecution } from './plan-execution.ts';
import { PreparedDocument, type PreparedOperation } from './prepared-document.ts';
import { coerceInPieces, longListOf } from './variable-pieces.ts';

/** Undefined for what takes more than a plan. */
type Executed = GraphqlResult | undefined;

type OperationListener = (kind: `${OperationTypeNode}`) => void;

/** As many as graphql-js tells. */
const coercionErrorsMax = 50;

/**
 * Executes plain queries and mutations by plans, which are made once for a text: parsed, validated, found within the limits. What clients send is
 * coerced by graphql-js alone.
 */
export class OperationExecutor {
  readonly #schema: GraphQLSchema;
  readonly #services: GraphqlServices;
  readonly #documentLimits: GraphqlDocumentLimits;
  readonly #costLimit: CostLimit;
  readonly #cache = new OperationCache();

  constructor(schema: GraphQLSchema, services: GraphqlServices, documentLimits: GraphqlDocumentLimits) {
    this.#schema = schema;
    this.#services = services;
    this.#documentLimits = documentLimits;
    this.#costLimit = new CostLimit(schema, documentLimits.costMax);
  }

  /**
   * Throws nothing and rejects with nothing: what went wrong is in the result. Undefined, at once or later, with nothing executed, for what takes more than a plan:
   * subscriptions, introspection, documents that leave open which operation is meant.
   * @param onOperation is told what is executed, or refused.
   */
  execute(
    parameters: GraphqlParameters,
    principal: Principal,
    onOperation: OperationListener,
  ): Executed | Promise<Executed> {
    try {
      return this.#execute(parameters, principal, onOperation);
    } catch (error) {
      return { errors: [error] };
    }
  }

  #execute(
    { query, operationName, variables = {} }: GraphqlParameters,
    principal: Principal,
    onOperation: OperationListener,
  ): Executed | Promise<Executed> {
    const document = this.#cache.get(query) ?? this.#prepare(query);
    const operation = document.operation(operationName);
    if (operation === undefined) return undefined;
    if (document.errors.length > 0) return { errors: document.errors };
    const { variableDefinitions = [], operation: kind } = operation.definition;
    // Whatever its variables are: without a stream it gets none of them.
    if (kind === 'subscription') return undefined;
    onOperation(kind);
    const run = (values: VariableValues) => this.#run(document, operation, values, principal);
    const coerce = () => {
      const hideSuggestions = this.#documentLimits.introspection === 'refused';
      const options = { maxErrors: coercionErrorsMax, hideSuggestions };
      const { variableValues, errors } = getVariableValues(this.#schema, variableDefinitions, variables, options);
      return variableValues === undefined ? { errors } : run(variableValues);
    };
    const long = longListOf(variableDefinitions, variables);
    if (long === undefined) return coerce();
    return coerceInPieces(this.#schema, variableDefinitions, variables, long)
      .then((values) => (values === undefined ? coerce() : run(values)))
      .catch((error: unknown) => ({ errors: [error] }));
  }

  #run(
    document: PreparedDocument,
    operation: PreparedOperation,
    variableValues: VariableValues,
    principal: Principal,
  ): Executed | Promise<Executed> {
    const plan = operation.plan(variableValues);
    if (plan === undefined) return undefined;
    this.#costLimit.check(document.document, operation.definition, variableValues.coerced);
    const context = new OperationContext(this.#services, principal, plan.fields.length === 1);
    const result = new PlanExecution(context, variableValues).run(plan);
    // An error at once may leave behind a field that is still opening a view.
    const isPending = result instanceof Promise || context.isOpen || operation.isExplained;
    return isPending ? finish(result, context, operation.isExplained) : result;
  }

  /** @throws {GraphQLError | LimitExceededError} for a text that is none, or over a limit. */
  #prepare(text: string): PreparedDocument {
    const parsed = parseGraphqlDocument(new Source(text, 'GraphQL request'), this.#documentLimits);
    const errors = validateGraphqlDocument(this.#schema, parsed.document, specifiedRules, this.#documentLimits);
    const prepared = new PreparedDocument(this.#schema, parsed, errors);
    if (errors.length === 0) this.#cache.offer(text, prepared);
    return prepared;
  }
}

/** Also ends the context. */
async function finish(
  pending: GraphqlResult | Promise<GraphqlResult>,
  context: OperationContext,
  isExplained: boolean,
): Promise<GraphqlResult> {
  try {
    const result = await pending;
    return isExplained ? await explained(result, context) : result;
  } catch (error) {
    return { errors: [error] };
  } finally {
    await context.close();
  }
}
