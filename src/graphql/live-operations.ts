import {
  type DocumentNode,
  type GraphQLSchema,
  getOperationAST,
  type OperationDefinitionNode,
  Source,
  specifiedRules,
} from 'graphql';
import type { Principal } from '../database/principal.ts';
import type { EventPlace } from '../streaming/server-sent-events.ts';
import { SharedTexts } from '../streaming/shared-texts.ts';
import { executeCompletely } from './complete-execution.ts';
import { type GraphqlDocumentLimits, parseGraphqlDocument } from './document-limits.ts';
import { validateGraphqlDocument } from './document-validation.ts';
import {
  createGraphqlAnswer,
  type GraphqlAnswer,
  type GraphqlResult,
  type RejectionListener,
  type WrittenAnswer,
  writeGraphqlAnswer,
} from './graphql-answer.ts';
import type { ErrorReporter } from './graphql-error.ts';
import type { GraphqlParameters } from './graphql-parameters.ts';
import type { LongText } from './long-text.ts';
import { type GraphqlServices, OperationContext } from './operation-context.ts';
import { CostLimit } from './operation-cost.ts';
import { openSubscription, type Subscription } from './subscription.ts';
import { SubscriptionContext } from './subscription-context.ts';

export interface LiveOperationsOptions {
  readonly schema: GraphQLSchema;
  readonly services: GraphqlServices;
  readonly documentLimits: GraphqlDocumentLimits;
  readonly answerLengthMax: number;
  readonly onRejection?: RejectionListener | undefined;
}

/** Who asks, and where an error that is nobody's is reported. */
export interface Caller {
  readonly principal: Principal;
  readonly report: ErrorReporter;
}

/** An operation that was found to be one. */
export interface ParsedOperation {
  readonly document: DocumentNode;
  readonly parameters: GraphqlParameters;
  /** Undefined when there is none of the name, of which the execution tells. */
  readonly definition: OperationDefinitionNode | undefined;
}

/** Operations for transports that stay open: subscriptions, and all others as well. */
export class LiveOperations {
  readonly schema: GraphQLSchema;
  readonly #options: LiveOperationsOptions;
  readonly #costLimit: CostLimit;
  readonly #texts = new SharedTexts();

  constructor(options: LiveOperationsOptions) {
    this.schema = options.schema;
    this.#costLimit = new CostLimit(options.schema, options.documentLimits.costMax);
    this.#options = options;
  }

  /** The result is what is wrong with it. */
  parse(parameters: GraphqlParameters): ParsedOperation | GraphqlResult {
    const { schema, documentLimits } = this.#options;
    try {
      const { document } = parseGraphqlDocument(new Source(parameters.query, 'GraphQL request'), documentLimits);
      const errors = validateGraphqlDocument(schema, document, specifiedRules, documentLimits);
      if (errors.length > 0) return { errors };
      const definition = getOperationAST(document, parameters.operationName) ?? undefined;
      if (definition !== undefined) this.#costLimit.check(document, definition, parameters.variables ?? {});
      return { document, parameters, definition };
    } catch (error) {
      return { errors: [error] };
    }
  }

  /** @param resumeAt where the client left off. */
  async subscribe(
    { document, parameters }: ParsedOperation,
    { principal, report }: Caller,
    resumeAt: EventPlace | undefined,
  ): Promise<Subscription | GraphqlResult> {
    const { schema, services } = this.#options;
    const { operationName, variables } = parameters;
    return openSubscription({
      schema,
      document,
      operationName,
      variables,
      context: new SubscriptionContext(services, principal, resumeAt),
      texts: this.#texts,
      stringify: (result) => this.#stringify(result, report),
    });
  }

  /** Runs a query or a mutation. Never rejects. */
  async execute({ document, parameters, definition }: ParsedOperation, { principal }: Caller): Promise<GraphqlResult> {
    const { schema, services, documentLimits } = this.#options;
    const { operationName, variables: variableValues } = parameters;
    const hideSuggestions = documentLimits.introspection === 'refused';
    const args = { schema, document, operationName, variableValues, hideSuggestions };
    try {
      return await executeCompletely(args, new OperationContext(services, principal), definition);
    } catch (error) {
      return { errors: [error] };
    }
  }

  answer(result: GraphqlResult, report: ErrorReporter): GraphqlAnswer {
    const { answerLengthMax: lengthMax, onRejection } = this.#options;
    return createGraphqlAnswer(result, { report, lengthMax, onRejection });
  }

  #stringify(result: GraphqlResult, report: ErrorReporter): string | Promise<string> {
    const answer = this.write(result, report);
    return answer instanceof Promise ? answer.then(({ text }) => wholeOf(text)) : wholeOf(answer.text);
  }

  /** An answer that may be long. */
  write(result: GraphqlResult, report: ErrorReporter): WrittenAnswer | Promise<WrittenAnswer> {
    const { answerLengthMax: lengthMax, onRejection, services } = this.#options;
    return writeGraphqlAnswer(result, { report, lengthMax, onRejection }, services.turns);
  }
}

function wholeOf(text: string | LongText): string | Promise<string> {
  return typeof text === 'string' ? text : text.whole();
}
