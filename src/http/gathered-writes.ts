import { Socket } from 'node:net';

type Done = (error?: Error | null) => void;

/** How many are sent together at most: the one that came first waits for the others. */
const gatheredMax = 16;
/** Bytes, or characters, of what is gathered. What is longer takes long enough to be sent to be worth a wake-up, and may be one piece of many. */
const lengthMax = 16 * 1024;
/** Milliseconds that the first of them may have waited. What a few short requests take is less. */
const waitMsMax = 0.75;
/** Milliseconds for which nothing is gathered when the first has waited for longer twice in a row: once can be a garbage collection. */
const pauseMs = 50;

/** A write that waits. */
interface Gathered {
  readonly socket: Socket;
  readonly send: () => void;
}

/**
 * Sends what one turn of the event loop answers to several connections at its end, one after the other, as Redis does. To send something wakes the one who
 * waits for it, which the kernel does before it comes back; whoever is awake already, for an answer to another of their connections, costs less to answer: with 64
 * connections a third of the time that a find takes. Where turns take long, because of something else that runs in them, each answer is sent at once.
 */
export class GatheredWrites {
  #gathered: Gathered[] = [];
  #begunAt = 0;
  #wasLate = false;
  #isPaused = false;

  /** Has what is written to the socket from now on wait for the end of the turn. To the stream it is a write that is under way. */
  watch(socket: Socket): void {
    socket._write = (chunk: string | Buffer, encoding: BufferEncoding, done: Done) => {
      const send = () => Socket.prototype._write.call(socket, chunk, encoding, done);
      if (this.#isPaused || chunk.length > lengthMax) send();
      else this.#add(socket, send);
    };
    // Node destroys connections whose answers it takes for sent.
    socket._destroy = (error: Error | null, done: Done) => {
      if (this.#gathered.some((write) => write.socket === socket)) this.#send();
      Socket.prototype._destroy.call(socket, error, done);
    };
  }

  #add(socket: Socket, send: () => void): void {
    const count = this.#gathered.push({ socket, send });
    if (count === 1) {
      this.#begunAt = performance.now();
      setImmediate(this.#send);
    } else if (count === gatheredMax) {
      this.#send();
    }
  }

  readonly #send = (): void => {
    const gathered = this.#gathered;
    // Sent already, because they were enough.
    if (gathered.length === 0) return;
    this.#gathered = [];
    const isLate = performance.now() - this.#begunAt > waitMsMax;
    if (isLate && this.#wasLate) this.#pause();
    this.#wasLate = isLate;
    for (const { send } of gathered) send();
  };

  #pause(): void {
    this.#isPaused = true;
    setTimeout(() => {
      this.#isPaused = false;
    }, pauseMs).unref();
  }
}
