import { EventStream, type EventStreamOptions, type TextSource } from './event-stream.ts';

/** The streams of one door, which end when the server stops: they would go on for ever, and a server waits for what is under way. */
export class OpenStreams {
  readonly #streams = new Set<EventStream>();
  #finished = false;

  open(source: TextSource, options: EventStreamOptions): EventStream {
    const stream = new EventStream(source, options);
    this.#streams.add(stream);
    stream.once('close', () => this.#streams.delete(stream));
    if (this.#finished) stream.finish();
    return stream;
  }

  finish(): void {
    this.#finished = true;
    for (const stream of this.#streams) stream.finish();
  }
}
