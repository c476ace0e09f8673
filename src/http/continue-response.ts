import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * An answer whose `100 Continue` (RFC 9110, section 15.2.1) comes before it, also when the request was sent before those ahead were answered. Node puts the
 * head of an answer that has to wait in front of everything it has kept for it: the interim answer would be in the middle of the body, and what the client
 * reads next would be wrong by its length. So it is kept here until it is this answer's turn, and left out when there is one by then.
 */
export class ContinueResponse<Request extends IncomingMessage> extends ServerResponse<Request> {
  /** Whether the connection would stay open after this answer, while the interim one is owed. */
  #keptAlive: boolean | undefined;

  override writeContinue(done?: () => void): void {
    if (this.socket !== null) {
      super.writeContinue(done);
      return;
    }
    this.#keptAlive = this.shouldKeepAlive;
    // Of a client that gets an answer instead nobody knows whether it sends the body yet.
    this.shouldKeepAlive = false;
  }

  override assignSocket(socket: Socket): void {
    if (this.#keptAlive !== undefined && !this.headersSent) {
      this.shouldKeepAlive = this.#keptAlive;
      super.writeContinue();
    }
    super.assignSocket(socket);
  }
}
