import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { stringifyJson } from '../document/json-serializer.ts';
import type { TextSource } from '../streaming/event-stream.ts';
import { OpenStreams } from '../streaming/open-streams.ts';
import {
  eventStreamHeaders,
  eventStreamType,
  keepAliveComment,
  parseLastEventId,
} from '../streaming/server-sent-events.ts';
import { SubscriptionText, singleAnswer, singleAnswerPieces } from './event-stream-answer.ts';
import type { GraphqlResult } from './graphql-answer.ts';
import type { GraphqlParameters } from './graphql-parameters.ts';
import type { Caller, LiveOperations } from './live-operations.ts';
import { LongText } from './long-text.ts';
import { Subscription } from './subscription.ts';

/** A request whose answer is to be a stream of events. */
export interface EventStreamRequest {
  readonly caller: Caller;
  /** Throws a `GraphQLError` for parameters that cannot be used. */
  readonly parameters: () => GraphqlParameters;
  readonly lastEventId: string | readonly string[] | undefined;
  readonly onSubscription: () => void;
  /** The answer in JSON to what is no subscription. */
  readonly answerOnce: () => Promise<string | LongText>;
}

/** GraphQL over Server-Sent Events, a connection for each operation. */
export class EventStreamDoor {
  readonly #operations: LiveOperations;
  readonly #keepAliveMs: number;
  readonly #streams = new OpenStreams();

  constructor(operations: LiveOperations, keepAliveMs: number) {
    this.#operations = operations;
    this.#keepAliveMs = keepAliveMs;
  }

  /** What is wrong is told in an event, too: who connects again for every status but 200 would do so for ever. */
  async answer(reply: FastifyReply, request: EventStreamRequest): Promise<FastifyReply> {
    const answer = await this.#open(request);
    reply.code(200).headers({ ...eventStreamHeaders, 'content-type': `${eventStreamType}; charset=utf-8` });
    if (typeof answer === 'string') return reply.send(singleAnswer(answer));
    if (answer instanceof LongText) return reply.send(Readable.from(singleAnswerPieces(answer)));
    const options = { keepAliveText: keepAliveComment, keepAliveMs: this.#keepAliveMs };
    return reply.send(this.#streams.open(answer, options));
  }

  /** Ends all streams: the server stops. */
  finish(): void {
    this.#streams.finish();
  }

  async #open({
    caller,
    parameters,
    lastEventId,
    onSubscription,
    answerOnce,
  }: EventStreamRequest): Promise<TextSource | LongText | string> {
    const operations = this.#operations;
    const answerOf = (result: GraphqlResult) => operations.answer(result, caller.report);
    try {
      const operation = operations.parse(parameters());
      if (!('document' in operation)) return stringifyJson(answerOf(operation));
      if (operation.definition?.operation !== 'subscription') return await answerOnce();
      onSubscription();
      const opened = await operations.subscribe(operation, caller, parseLastEventId(lastEventId));
      if (!(opened instanceof Subscription)) return stringifyJson(answerOf(opened));
      return new SubscriptionText(opened, (error) => answerOf({ errors: [error] }));
    } catch (error) {
      return stringifyJson(answerOf({ errors: [error] }));
    }
  }
}
