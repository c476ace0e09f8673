import type { WebSocket } from 'ws';
import type { LongText } from './long-text.ts';

/** Bytes that may wait in the socket before nothing more is sent until they are gone. */
const bufferedBytesMax = 64 * 1024;

/** Sends messages over one WebSocket, in the order of the calls. */
export class WebSocketSender {
  readonly #socket: WebSocket;
  /** Ends with the last of the messages that wait for a long one; undefined when none is under way. */
  #line: Promise<void> | undefined;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** Resolves when there is room for more. */
  send(text: string): Promise<void> {
    return this.#line === undefined ? this.#write(text, true) : this.#putInLine(() => this.#write(text, true));
  }

  /** A message of many frames, between which no other message may come: RFC 6455, section 5.4. Rejects when the text cannot be made; then the message has no end. */
  sendLong(before: string, text: LongText, behind: string): Promise<void> {
    return this.#putInLine(async () => {
      await this.#write(before, false);
      for await (const piece of text.pieces()) {
        if (this.#socket.readyState !== this.#socket.OPEN) return;
        await this.#write(piece, false);
      }
      await this.#write(behind, true);
    });
  }

  #putInLine(send: () => Promise<void>): Promise<void> {
    const sent = (this.#line ?? Promise.resolve()).then(send);
    const line = sent
      .catch(() => undefined)
      .then(() => {
        if (this.#line === line) this.#line = undefined;
      });
    this.#line = line;
    return sent;
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
