import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * An answer whose `100 Continue` (RFC 9110, section 15.2.1) comes before it, also when the request was sent before those ahead were answered. Node puts the
 * head of an answer that has to wait in front of everything it has kept for it: the interim answer would be in the middle of the body, and what the client
 * reads next would be wrong by its length. So it is kept here until it is this answer's turn, and left out when there is one by then.
 */
export class ContinueResponse<Request extends IncomingMessage> extends ServerResponse<Request> {
  #owesContinue = false;

  override writeContinue(done?: () => void): void {
    if (this.socket === null) this.#owesContinue = true;
    else super.writeContinue(done);
  }

  override assignSocket(socket: Socket): void {
    // Node closes the connection after an answer that came instead: whether the body follows is not known.
    if (this.#owesContinue && !this.headersSent) super.writeContinue();
    super.assignSocket(socket);
  }
}
