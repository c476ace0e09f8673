import { stringifyJson } from '../document/json-serializer.ts';
import type { TextSource } from '../streaming/event-stream.ts';
import { formatServerSentEvent } from '../streaming/server-sent-events.ts';
import { bytesOf } from '../streaming/text-bytes.ts';
import type { GraphqlAnswer } from './graphql-answer.ts';
import type { LongText } from './long-text.ts';
import type { Subscription } from './subscription.ts';

/** https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md, "Distinct connections mode": each result is a `next`, and `complete` the end. */
const complete = formatServerSentEvent({ event: 'complete', data: '' });

/** The stream of an operation that has one result, in JSON. */
export function singleAnswer(text: string): string {
  return formatServerSentEvent({ event: 'next', data: text }) + complete;
}

/** The same of a long one. */
export async function* singleAnswerPieces(text: LongText): AsyncGenerator<Buffer, void> {
  // JSON is one line, so what stands around it is the same whatever it is.
  const mark = '""';
  const [before = '', behind = ''] = singleAnswer(mark).split(mark);
  yield bytesOf(before);
  yield* text.pieces();
  yield bytesOf(behind);
}

/**
 * The stream of a subscription. It says `complete` only when the subscription is: a client that is cut off by a server that stops is to connect
 * again, and go on from the last event's id.
 */
export class SubscriptionText implements TextSource {
  readonly #subscription: Subscription;
  readonly #answerError: (error: unknown) => GraphqlAnswer;
  #ended = false;

  constructor(subscription: Subscription, answerError: (error: unknown) => GraphqlAnswer) {
    this.#subscription = subscription;
    this.#answerError = answerError;
  }

  async next(): Promise<string | null> {
    if (this.#ended) return null;
    try {
      const answers = await this.#subscription.next();
      if (answers === null) return null;
      let text = '';
      for (const { id, text: data } of answers) text += formatServerSentEvent({ id, event: 'next', data });
      this.#ended = this.#subscription.isComplete;
      return this.#ended ? text + complete : text;
    } catch (error) {
      this.#ended = true;
      this.close();
      return singleAnswer(stringifyJson(this.#answerError(error)));
    }
  }

  close(): void {
    this.#subscription.close();
  }
}
