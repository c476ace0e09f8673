import type { ExecutionResult } from 'graphql';

type End = IteratorReturnResult<void>;

const end: End = { done: true, value: undefined };

/**
 * The one result of an operation as graphql-ws takes one that is text already: a stream of results that has none, which has ended when the text was sent. A client
 * that says `complete` ends it at once, and is not sent what has not begun to be.
 */
export class WebSocketResult implements AsyncIterableIterator<ExecutionResult, void, void> {
  readonly #send: (signal: AbortSignal) => Promise<void>;
  readonly #cancel = new AbortController();

  constructor(send: (signal: AbortSignal) => Promise<void>) {
    this.#send = send;
  }

  async next(): Promise<End> {
    const { signal } = this.#cancel;
    const cancelled = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve());
    });
    await Promise.race([this.#send(signal), cancelled]);
    return end;
  }

  async return(): Promise<End> {
    this.#cancel.abort();
    return end;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
