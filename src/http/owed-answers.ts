import { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

declare module 'fastify' {
  interface FastifyInstance {
    readonly afterOwedAnswers: typeof afterOwedAnswers;
  }
}

/** Connections that wait for their last answers. What else arrives there is no request. */
const ending = new WeakSet<Socket>();

/**
 * Calls `end` when the requests that arrived whole on a connection are answered: at once, where none is owed an answer. Clients send requests before the one ahead is answered, and what is
 * said about bytes behind them would be taken for the answer to the first: for the refusal of a write that is being carried out.
 */
export function afterOwedAnswers(socket: Socket, end: () => void): void {
  if (ending.has(socket)) return;
  ending.add(socket);
  waitForAnswers(socket, end);
}

function waitForAnswers(socket: Socket, end: () => void): void {
  const answer = answerUnderWay(socket);
  // A request of which only the head has arrived is the one that is wrong.
  if (answer === undefined || !answer.req.complete) {
    ending.delete(socket);
    end();
    return;
  }
  // In the next turn the connection is at the answer behind it, if there is one.
  answer.once('close', () => setImmediate(waitForAnswers, socket, end));
}

/** The answer that a connection is at. Node tells it only here, where its own handling of such errors looks. */
export function answerUnderWay(socket: Socket): ServerResponse | undefined {
  return '_httpMessage' in socket && socket._httpMessage instanceof ServerResponse ? socket._httpMessage : undefined;
}
