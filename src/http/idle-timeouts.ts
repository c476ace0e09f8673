import { Socket } from 'node:net';
import { answerUnderWay } from './owed-answers.ts';
import { takeSteps } from './steps.ts';

/** A connection, and for how long it may move no byte. */
interface Watched {
  readonly socket: Socket;
  /** Milliseconds; 0: for ever. */
  idleMsMax: number;
  /** Bytes read and written when it was looked at last; -1 before the first time. */
  moved: number;
}

/**
 * The timeouts of connections, kept for those alone that are still. Node's HTTP server sets one twice a request, and has it begin again with each read and
 * write, so that a busy connection spends a twentieth of its time on timers that never fire. Here a timeout that is set is noted; now and then
 * it is looked which connections have moved nothing since the last time, and these get Node's timer, which is all that it was, until another timeout is set.
 * It is late by twice `checkIntervalMs` milliseconds at most, and never early.
 */
export class IdleTimeouts {
  readonly #checkIntervalMs: number;
  readonly #watched = new WeakMap<Socket, Watched>();
  /** Those that have no timer. */
  readonly #untimed = new Set<Watched>();
  #isChecking = false;

  constructor(checkIntervalMs: number) {
    this.#checkIntervalMs = checkIntervalMs;
  }

  /** Looks at the connections from now on. @returns what ends it. */
  start(): () => void {
    const timer = setInterval(() => this.#check(), this.#checkIntervalMs).unref();
    return () => clearInterval(timer);
  }

  /** Takes over the timeout that the connection has, and those that are set from now on. */
  watch(socket: Socket): void {
    const watched: Watched = { socket, idleMsMax: socket.timeout ?? 0, moved: -1 };
    this.#watched.set(socket, watched);
    this.#endTimer(watched);
    socket.setTimeout = (idleMsMax: number, callback?: () => void) => {
      watched.idleMsMax = idleMsMax;
      if (!this.#untimed.has(watched)) this.#endTimer(watched);
      if (callback === undefined) return socket;
      return idleMsMax === 0 ? socket.off('timeout', callback) : socket.once('timeout', callback);
    };
    socket.once('close', () => this.#untimed.delete(watched));
  }

  /**
   * To be called for a connection of an HTTP server that has timed out. It is cut, unless its client waits for an answer which is still being made: that one has done its
   * part, and to make an index of ten million documents takes minutes.
   */
  end(socket: Socket): void {
    const watched = this.#watched.get(socket);
    if (watched !== undefined && isAnswering(socket)) this.#endTimer(watched);
    else socket.destroy();
  }

  async #check(): Promise<void> {
    // There are so many that it takes longer than the time between.
    if (this.#isChecking) return;
    this.#isChecking = true;
    await takeSteps(this.#lookAtAll());
    this.#isChecking = false;
  }

  *#lookAtAll(): Generator<void, void> {
    for (const watched of this.#untimed) {
      this.#lookAt(watched);
      yield;
    }
  }

  #lookAt(watched: Watched): void {
    const { socket, idleMsMax } = watched;
    const moved = socket.bytesRead + socket.bytesWritten;
    if (moved !== watched.moved) {
      watched.moved = moved;
    } else if (idleMsMax > 0) {
      // It has been still since the last time, if not for longer.
      setNodeTimeout(socket, idleMsMax);
      this.#untimed.delete(watched);
    }
  }

  #endTimer(watched: Watched): void {
    setNodeTimeout(watched.socket, 0);
    if (!watched.socket.destroyed) this.#untimed.add(watched);
  }
}

/** Whether the next to move is the server: a request has arrived whole, and of the answer nothing waits to be taken. */
function isAnswering(socket: Socket): boolean {
  return socket.writableLength === 0 && answerUnderWay(socket)?.req.complete === true;
}

function setNodeTimeout(socket: Socket, milliseconds: number): void {
  Socket.prototype.setTimeout.call(socket, milliseconds);
}
