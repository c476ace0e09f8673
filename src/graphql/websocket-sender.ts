import type { WebSocket } from 'ws';
import type { LongText } from './long-text.ts';

/** Bytes that may wait in the socket before nothing more is sent until they are gone. */
const bufferedBytesMax = 64 * 1024;

/** A message that waits for a long one. */
interface Waiting {
  readonly send: () => Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Sends messages over one WebSocket, in the order of the calls. */
export class WebSocketSender {
  readonly #socket: WebSocket;
  readonly #waiting: Waiting[] = [];
  /** Whether a long message is under way, or those that waited for one. */
  #isBusy = false;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** Resolves when there is room for more, or at once when the signal says that nobody wants it any more: then it is not sent. */
  send(text: string, signal?: AbortSignal): Promise<void> {
    return this.#isBusy ? this.#wait(() => this.#write(text, true), signal) : this.#write(text, true);
  }

  /**
   * A message of many frames, between which no other message may come: RFC 6455, section 5.4. One that has begun is sent whole, whatever the signal says.
   * Rejects when the text cannot be made; then the message has no end.
   */
  sendLong(before: string, text: LongText, behind: string, signal: AbortSignal): Promise<void> {
    const sent = this.#wait(async () => {
      await this.#write(before, false);
      for await (const piece of text.pieces()) {
        if (this.#socket.readyState !== this.#socket.OPEN) return;
        await this.#write(piece, false);
      }
      await this.#write(behind, true);
    }, signal);
    if (!this.#isBusy) void this.#sendWaiting();
    return sent;
  }

  /** What waits holds its text, so it is let go of as soon as nobody wants it. */
  #wait(send: () => Promise<void>, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting: Waiting = { send, resolve, reject };
    this.#waiting.push(waiting);
    if (signal === undefined) return promise;
    const drop = () => {
      const index = this.#waiting.indexOf(waiting);
      if (index !== -1) this.#waiting.splice(index, 1);
      resolve();
    };
    signal.addEventListener('abort', drop);
    // A subscription has one signal for all its messages, and would hold the texts of those that were sent.
    return promise.finally(() => signal.removeEventListener('abort', drop));
  }

  async #sendWaiting(): Promise<void> {
    this.#isBusy = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      await next.send().then(next.resolve, next.reject);
    }
    this.#isBusy = false;
  }

  /** @param isLast whether the message ends with it. */
  #write(data: string | Buffer, isLast: boolean): Promise<void> {
    const socket = this.#socket;
    return new Promise((resolve) => {
      // One that is closed takes nothing; what was to be sent ends with it.
      if (socket.readyState !== socket.OPEN) return resolve();
      socket.send(data, { binary: false, fin: isLast }, () => resolve());
      if (socket.bufferedAmount < bufferedBytesMax) resolve();
      return undefined;
    });
  }
}
