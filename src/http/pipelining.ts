import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** How many requests of one connection are carried out at a time behind the one whose answer is next. */
const begunMax = 8;
/** How many requests that had to wait are begun in one turn of the event loop, of all connections together. */
const turnMax = 8;

interface Waiting {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/**
 * Has clients that send requests before the ones ahead are answered (RFC 9112, section 9.3.2) take turns with everybody else. Node parses whatever a read
 * has brought, which can be thousands of requests, and hands them over in one turn of the event loop; whoever asks meanwhile, and be it for the server's
 * health, would wait for all of them. Here a connection has a few of its requests carried out at a time, those that wait are begun a few in a turn, and
 * nothing more is read from a connection of which any wait. Nobody is refused, and answers come in the order of the requests as ever.
 */
export class Pipelining {
  readonly #pipelines = new WeakMap<Socket, Pipeline>();
  /** Those that have something to do, each once, in the order of their turns. */
  readonly #due: Pipeline[] = [];
  #isScheduled = false;

  /** A handler that requests go through to the given one. For one that nothing of its connection is ahead of this is one comparison. */
  guard(handler: RequestListener): RequestListener {
    return (request, response) => {
      // Node gives an answer its socket when those ahead have been sent.
      if (response.socket !== null) handler(request, response);
      else this.#pipelineOf(request.socket, handler).take({ request, response });
    };
  }

  /** Whether nothing is read from the connection because requests of it wait. What it has not sent is then not its client's fault. */
  isHeld(socket: Socket): boolean {
    return this.#pipelines.get(socket)?.isHeld === true;
  }

  /** Leaves the reading of a connection to somebody else, who speaks another protocol there. The requests before that are carried out. */
  letGo(socket: Socket): void {
    this.#pipelines.get(socket)?.letGo();
  }

  #pipelineOf(socket: Socket, handler: RequestListener): Pipeline {
    let pipeline = this.#pipelines.get(socket);
    if (pipeline === undefined) {
      pipeline = new Pipeline(socket, handler, (due) => this.#add(due));
      this.#pipelines.set(socket, pipeline);
    }
    return pipeline;
  }

  #add(pipeline: Pipeline): void {
    this.#due.push(pipeline);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#takeTurn);
  }

  readonly #takeTurn = (): void => {
    this.#isScheduled = false;
    for (let begun = 0; begun < turnMax; begun += 1) {
      const step = this.#due.shift()?.step();
      // What a connection has sent meanwhile is parsed at once: so much is a turn of its own.
      if (step === undefined || step === 'reads') break;
    }
    if (this.#due.length === 0 || this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#takeTurn);
  };
}

/** The requests of a connection behind the one whose answer is next. It is held, which is to say not read, from when one has to wait until none does. */
class Pipeline {
  readonly #socket: Socket;
  readonly #handler: RequestListener;
  readonly #due: (pipeline: Pipeline) => void;
  readonly #waiting: Waiting[] = [];
  #begun = 0;
  #isDue = false;
  #isHeld = false;
  #isLetGo = false;

  constructor(socket: Socket, handler: RequestListener, due: (pipeline: Pipeline) => void) {
    this.#socket = socket;
    this.#handler = handler;
    this.#due = due;
    // A request whose body is asked for has Node read on.
    socket.on('resume', () => {
      if (this.#isHeld) socket.pause();
    });
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  take(arrived: Waiting): void {
    if (this.#begun < begunMax && this.#waiting.length === 0) {
      this.#begin(arrived);
      return;
    }
    this.#waiting.push(arrived);
    if (this.#isHeld || this.#isLetGo) return;
    this.#isHeld = true;
    this.#socket.pause();
  }

  letGo(): void {
    this.#isLetGo = true;
    if (!this.#isHeld) return;
    this.#isHeld = false;
    // To resume it would start nothing: for the stream a read is under way since the connection was opened, of which only Node's parser knew better.
    this.#socket._read(0);
  }

  /** Begins the next request, or has the connection read again when there is none. */
  step(): 'begins' | 'reads' {
    this.#isDue = false;
    // Nobody would get these answers: the connection has ended, or the one ahead has said that it does.
    if (this.#socket.destroyed || !this.#socket.writable) this.#waiting.length = 0;
    const next = this.#waiting.shift();
    if (next !== undefined) {
      this.#begin(next);
      this.#becomeDue();
      return 'begins';
    }
    if (this.#isHeld) {
      this.#isHeld = false;
      this.#socket.resume();
    }
    return 'reads';
  }

  #begin({ request, response }: Waiting): void {
    this.#begun += 1;
    response.once('close', this.#onAnswered);
    this.#handler(request, response);
  }

  readonly #onAnswered = (): void => {
    this.#begun -= 1;
    this.#becomeDue();
  };

  #becomeDue(): void {
    if (this.#isDue || this.#begun >= begunMax || (this.#waiting.length === 0 && !this.#isHeld)) return;
    this.#isDue = true;
    this.#due(this);
  }
}
