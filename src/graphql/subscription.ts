import {
  createSourceEventStream,
  type DocumentNode,
  executeSubscriptionEvent,
  type GraphQLSchema,
  type ValidatedSubscriptionArgs,
  validateSubscriptionArgs,
} from 'graphql';
import type { ChangeEvent } from '../database/changes.ts';
import type { Principal } from '../database/principal.ts';
import { formatEventId } from '../streaming/server-sent-events.ts';
import type { SharedTexts } from '../streaming/shared-texts.ts';
import { ChangeSource } from './change-source.ts';
import type { GraphqlResult } from './graphql-answer.ts';
import { type GraphqlServices, OperationContext } from './operation-context.ts';
import { selectionKey } from './selection-key.ts';
import type { SubscriptionContext } from './subscription-context.ts';

export interface SubscriptionRequest {
  readonly schema: GraphQLSchema;
  /** Validated: the operation is a subscription. */
  readonly document: DocumentNode;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>> | undefined;
  readonly context: SubscriptionContext;
  /** Of all subscriptions of the server. */
  readonly texts: SharedTexts;
  /** The text of a result, with its errors as clients are to see them. */
  readonly stringify: (result: GraphqlResult) => string | Promise<string>;
}

/** One answer to a subscription. */
export interface SubscriptionAnswer {
  /** Undefined for what the subscription cannot be resumed from. */
  readonly id: string | undefined;
  /** The result in exact JSON. */
  readonly text: string;
}

/** Begins a subscription. The result is why it could not be begun. */
export async function openSubscription(request: SubscriptionRequest): Promise<Subscription | GraphqlResult> {
  const { schema, document, operationName, variables, context } = request;
  const args = validateSubscriptionArgs({
    schema,
    document,
    operationName,
    variableValues: variables,
    contextValue: context,
  });
  if (!('schema' in args)) return { errors: args };
  const source = await createSourceEventStream(args);
  if (source instanceof ChangeSource) return new Subscription(request, args, source);
  if ('errors' in source) return source;
  throw new TypeError('The only subscription there is has another source');
}

/** What a client subscribed to. Life cycle: `next` until null, or `close` at any time. */
export class Subscription {
  readonly #source: ChangeSource;
  readonly #args: ValidatedSubscriptionArgs;
  readonly #services: GraphqlServices;
  readonly #principal: Principal;
  readonly #texts: SharedTexts;
  readonly #stringify: (result: GraphqlResult) => string | Promise<string>;
  /** Undefined when its answers cannot be shared. */
  readonly #key: string | undefined;
  #isComplete = false;

  constructor(request: SubscriptionRequest, args: ValidatedSubscriptionArgs, source: ChangeSource) {
    const { document, operationName, context, texts, stringify } = request;
    this.#source = source;
    this.#args = args;
    this.#services = context.services;
    this.#principal = context.principal;
    this.#texts = texts;
    this.#stringify = stringify;
    const key = selectionKey(document, operationName, args.variableValues.coerced);
    // Who may see what is decided below, by who asks.
    this.#key = key === undefined ? undefined : `${context.principal.name}\n${key}`;
  }

  /** Whether it ended by itself: else the client is to connect again and go on where it left off. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** The next answers, at least one; null when it has ended. */
  async next(): Promise<readonly SubscriptionAnswer[] | null> {
    const events = await this.#source.stream.next();
    if (events === null) return null;
    const answers: SubscriptionAnswer[] = [];
    for (const event of events) {
      const text = this.#textOf(event);
      answers.push({ id: idOf(event), text: typeof text === 'string' ? text : await text });
      if (event.kind === 'resyncRequired') this.#isComplete = true;
    }
    return answers;
  }

  close(): void {
    this.#source.stream.close();
  }

  #textOf(event: ChangeEvent): string | Promise<string> {
    const key = this.#key;
    return key === undefined ? this.#makeText(event) : this.#texts.of(event, key, () => this.#makeText(event));
  }

  /** At once where nothing has to be read, and the text is not long. */
  #makeText(event: ChangeEvent): string | Promise<string> {
    const context = new OperationContext(this.#services, this.#principal);
    const result = executeSubscriptionEvent({ ...this.#args, rootValue: event, contextValue: context });
    return result instanceof Promise ? this.#stringifyLater(result, context) : this.#stringify(result);
  }

  async #stringifyLater(result: Promise<GraphqlResult>, context: OperationContext): Promise<string> {
    try {
      return await this.#stringify(await result);
    } finally {
      await context.close();
    }
  }
}

function idOf(event: ChangeEvent): string | undefined {
  return event.kind === 'resyncRequired' ? undefined : formatEventId(event);
}
