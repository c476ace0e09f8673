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
  /** Whether Node has a timer for it. */
  isTimed: boolean;
}

/**
 * The timeouts of connections, kept for those alone that are still. Node's HTTP server sets one twice a request, and has it begin again with each read and
 * write, so that a busy connection spends a twentieth of its time on timers that never fire. Here a timeout that is set is noted; now and then
 * it is looked which connections have moved nothing since the last time, and these get Node's timer, which is all that it was. It is late by
 * `checkIntervalMs` milliseconds at most, and never early. A client that waits for an answer which is still being made has none: it has done its part, and to
 * make an index of ten million documents takes minutes.
 */
export class IdleTimeouts {
  readonly #checkIntervalMs: number;
  readonly #connections = new Set<Watched>();
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
    const watched: Watched = { socket, idleMsMax: socket.timeout ?? 0, moved: -1, isTimed: false };
    setNodeTimeout(socket, 0);
    socket.setTimeout = (idleMsMax: number, callback?: () => void) => {
      watched.idleMsMax = idleMsMax;
      if (watched.isTimed) endTimer(watched);
      if (callback === undefined) return socket;
      return idleMsMax === 0 ? socket.off('timeout', callback) : socket.once('timeout', callback);
    };
    this.#connections.add(watched);
    socket.once('close', () => this.#connections.delete(watched));
  }

  async #check(): Promise<void> {
    // There are so many that it takes longer than the time between.
    if (this.#isChecking) return;
    this.#isChecking = true;
    await takeSteps(this.#lookAtAll());
    this.#isChecking = false;
  }

  *#lookAtAll(): Generator<void, void> {
    for (const watched of this.#connections) {
      this.#lookAt(watched);
      yield;
    }
  }

  #lookAt(watched: Watched): void {
    const { socket, idleMsMax, isTimed } = watched;
    const moved = socket.bytesRead + socket.bytesWritten;
    if (moved !== watched.moved) {
      watched.moved = moved;
      if (isTimed) endTimer(watched);
    } else if (!isTimed && idleMsMax > 0 && !isAnswering(socket)) {
      // It has been still since the last time, if not for longer.
      setNodeTimeout(socket, Math.max(idleMsMax - this.#checkIntervalMs, 1));
      watched.isTimed = true;
    }
  }
}

/** Whether the next to move is the server: a request has arrived whole, and of the answer nothing waits to be taken. */
function isAnswering(socket: Socket): boolean {
  return socket.writableLength === 0 && answerUnderWay(socket)?.req.complete === true;
}

function endTimer(watched: Watched): void {
  setNodeTimeout(watched.socket, 0);
  watched.isTimed = false;
}

function setNodeTimeout(socket: Socket, milliseconds: number): void {
  Socket.prototype.setTimeout.call(socket, milliseconds);
}
