import type { ChangeEvent, ChangeStream } from '../database/changes.ts';

/** A stream of changes as graphql-js wants a source of events, and as whoever delivers them in batches does. */
export class ChangeSource implements AsyncIterable<ChangeEvent> {
  readonly stream: ChangeStream;

  constructor(stream: ChangeStream) {
    this.stream = stream;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ChangeEvent> {
    try {
      for (let events = await this.stream.next(); events !== null; events = await this.stream.next()) yield* events;
    } finally {
      this.stream.close();
    }
  }
}
