import type { WebSocket } from 'ws';

/**
 * Takes what a client sends over a WebSocket one message a turn of the event loop: a read can hold thousands, and all others would wait for the last of
 * them. While any wait nothing more is read. (The library's own way, `allowSynchronousEvents: false`, ends the process with ws 8.23: behind a frame
 * that is wrong it goes on with what it has read already.)
 */
export class WebSocketTurns {
  readonly #socket: WebSocket;
  readonly #waiting: (() => void)[] = [];
  #isTaken = false;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.once('close', () => {
      this.#waiting.length = 0;
    });
  }

  /** Runs this at once where nothing ran in this turn, else in the order of the calls. Never, when the connection closes before. */
  run(take: () => void): void {
    if (this.#isTaken) {
      if (this.#waiting.push(take) === 1) this.#socket.pause();
      return;
    }
    this.#isTaken = true;
    setImmediate(this.#endTurn);
    take();
  }

  readonly #endTurn = (): void => {
    const next = this.#waiting.shift();
    if (next === undefined) {
      this.#isTaken = false;
      return;
    }
    if (this.#waiting.length === 0) this.#socket.resume();
    setImmediate(this.#endTurn);
    next();
  };
}
