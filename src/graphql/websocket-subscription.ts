import type { ExecutionResult } from 'graphql';
import type { Subscription } from './subscription.ts';

/** A `next` message of the protocol, up to its payload, behind which it is closed by one brace. */
export function nextMessageHead(id: string): string {
  return `{"id":${JSON.stringify(id)},"type":"next","payload":`;
}

/**
 * A subscription as graphql-ws takes one: it runs until the source has ended. The texts of results are there already, shared with other subscribers
 * and exact, so it sends them itself, as the `next` messages of the protocol, instead of handing over objects.
 */
export class WebSocketSubscription implements AsyncGenerator<ExecutionResult, void, void> {
  readonly #head: string;
  readonly #subscription: Subscription;
  readonly #send: (text: string, signal: AbortSignal) => Promise<void>;
  readonly #cancel = new AbortController();

  constructor(id: string, subscription: Subscription, send: (text: string, signal: AbortSignal) => Promise<void>) {
    this.#head = nextMessageHead(id);
    this.#subscription = subscription;
    this.#send = send;
  }

  async next(): Promise<IteratorResult<ExecutionResult, void>> {
    try {
      for (let answers = await this.#subscription.next(); answers !== null; answers = await this.#subscription.next()) {
        for (const { text } of answers) await this.#send(`${this.#head}${text}}`, this.#cancel.signal);
      }
      return { done: true, value: undefined };
    } finally {
      // Whoever iterates does not call `return` once this has thrown.
      this.#close();
    }
  }

  async return(): Promise<IteratorResult<ExecutionResult, void>> {
    this.#close();
    return { done: true, value: undefined };
  }

  async throw(error: unknown): Promise<IteratorResult<ExecutionResult, void>> {
    this.#close();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
  }

  #close(): void {
    this.#cancel.abort();
    this.#subscription.close();
  }
}
