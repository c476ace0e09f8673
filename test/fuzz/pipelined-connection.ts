import { connect, type Socket } from 'node:net';
import type { FuzzRequest } from './fuzz-request.ts';
import { type HttpAnswer, readAnswer } from './http-answer.ts';

/** For a server that hangs: nothing that is asked here takes nearly as long, however busy the machine. */
const silenceMsMax = 60_000;

/** A connection that is kept, and on which several requests are sent before the first is answered. */
export class PipelinedConnection {
  readonly #port: number;
  #socket: Socket | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  /**
   * Sends them all at once and resolves to their answers, in order. There are none to those behind an answer after which the server, as that
   * said, closes the connection.
   */
  exchange(requests: readonly FuzzRequest[]): Promise<readonly HttpAnswer[]> {
    const socket = this.#open();
    const answers: HttpAnswer[] = [];
    let unread: Buffer = Buffer.alloc(0);
    return new Promise<readonly HttpAnswer[]>((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`${why}, after ${answers.length} of ${requests.length} answers`));
      socket.on('data', (chunk: Buffer) => {
        unread = unread.length === 0 ? chunk : Buffer.concat([unread, chunk]);
        try {
          for (let request = requests[answers.length]; request !== undefined; request = requests[answers.length]) {
            const read = readAnswer(unread, request.method);
            if (read === undefined) return;
            unread = unread.subarray(read.length);
            answers.push(read.answer);
            if (!read.answer.closes) continue;
            this.close();
            return resolve(answers);
          }
          if (unread.length > 0) return fail(`More than was asked for: ${unread.toString('latin1', 0, 200)}`);
          resolve(answers);
        } catch (error) {
          reject(error);
        }
      });
      socket.once('close', () => fail('The connection was closed'));
      socket.once('timeout', () => fail('No answer'));
      socket.write(Buffer.concat(requests.map(({ bytes }) => bytes)));
    }).finally(() => socket.removeAllListeners('data').removeAllListeners('close').removeAllListeners('timeout'));
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #open(): Socket {
    if (this.#socket !== undefined && !this.#socket.destroyed) return this.#socket;
    this.#socket = openSocket(this.#port);
    return this.#socket;
  }
}

/** Sends bytes that may be no request, and resolves to the answers that came until the connection was closed. */
export function exchangeBytes(port: number, { bytes, method }: FuzzRequest): Promise<readonly HttpAnswer[]> {
  const socket = openSocket(port);
  const chunks: Buffer[] = [];
  // Of half a request the server waits for the rest, so it is told that nothing comes.
  const patience = setTimeout(() => socket.end(), 20);
  return new Promise<readonly HttpAnswer[]>((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      socket.end();
    });
    socket.once('timeout', () => reject(new Error('The connection was not closed')));
    socket.once('close', () => {
      try {
        resolve(readAnswers(Buffer.concat(chunks), method));
      } catch (error) {
        reject(error);
      }
    });
    socket.write(bytes);
  }).finally(() => {
    clearTimeout(patience);
    socket.destroy();
  });
}

/** The last one may have been cut off: a client that leaves is not owed the rest. */
function readAnswers(bytes: Buffer, method: string): HttpAnswer[] {
  const answers: HttpAnswer[] = [];
  for (let rest = bytes; ; ) {
    const read = readAnswer(rest, method);
    if (read === undefined) return answers;
    answers.push(read.answer);
    rest = rest.subarray(read.length);
    if (rest.length === 0) return answers;
  }
}

function openSocket(port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  socket.setTimeout(silenceMsMax);
  // What follows is that it closes, which is looked at.
  socket.on('error', () => undefined);
  socket.on('end', () => socket.end());
  return socket;
}
