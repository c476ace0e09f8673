import { Readable } from 'node:stream';

/** Pieces of text, as fast as they are asked for. */
export interface TextSource {
  /** Null when there are no more. One call at a time. */
  next(): Promise<string | null>;

  /** Ends it, also under a `next`. Idempotent. */
  close(): void;
}

export interface EventStreamOptions {
  /** What is sent when there was nothing else for so long, so that neither a proxy nor the server takes the connection for dead. */
  readonly keepAliveText: string;
  readonly keepAliveMs: number;
}

/** How long a reader may take for what is left when the stream is finished. */
const finishMsMax = 1_000;
/** So much is held of what the reader has not taken, and a piece more. */
const heldBytes = 16 * 1024;

/**
 * The body of an answer that goes on. A piece is asked for only when the reader has taken those before, so that what it does not read is held nowhere.
 */
export class EventStream extends Readable {
  readonly #source: TextSource;
  readonly #keepAlive: NodeJS.Timeout;
  #isQuiet = false;
  #isAsked = false;

  constructor(source: TextSource, { keepAliveText, keepAliveMs }: EventStreamOptions) {
    // Without an encoding, so that text becomes bytes here: see `bytesOf`.
    super({ highWaterMark: heldBytes });
    this.#source = source;
    this.#keepAlive = setInterval(() => {
      if (this.#isQuiet && this.readableLength === 0 && !this.readableEnded && !this.destroyed)
        this.push(keepAliveText);
      this.#isQuiet = true;
    }, keepAliveMs);
    this.#keepAlive.unref();
  }

  override _read(): void {
    // After what keeps the connection alive the stream asks again, while the source was asked before.
    if (this.#isAsked) return;
    this.#isAsked = true;
    this.#source.next().then(
      (text) => {
        this.#isAsked = false;
        if (this.destroyed) return;
        this.#isQuiet = false;
        if (text === null) clearInterval(this.#keepAlive);
        this.push(text);
      },
      (error: unknown) => this.destroy(error instanceof Error ? error : new Error('a source failed', { cause: error })),
    );
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearInterval(this.#keepAlive);
    this.#source.close();
    done(error);
  }

  /** Ends it for the server's sake: after what was begun, or at once when the reader does not take that. */
  finish(): void {
    this.#source.close();
    const cut = setTimeout(() => this.destroy(), finishMsMax);
    this.once('close', () => clearTimeout(cut));
  }
}
