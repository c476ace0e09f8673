import { Buffer } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { ContinueResponse } from './continue-response.ts';

type Done = () => void;

/**
 * An answer that hands text which is ASCII to the socket as such. Most JSON is, and to see that it is and write it takes less than
 * to encode it as UTF-8, which is what its bytes are either way.
 */
export class AsciiResponse<Request extends IncomingMessage> extends ContinueResponse<Request> {
  override end(done?: Done): this;
  override end(chunk: unknown, done?: Done): this;
  override end(chunk: unknown, encoding: BufferEncoding, done?: Done): this;
  override end(chunk?: unknown, encoding?: BufferEncoding | Done, done?: Done): this {
    // Null is what the router gives for what it does not say.
    if (typeof chunk === 'string' && (encoding ?? 'utf8') === 'utf8' && Buffer.byteLength(chunk) === chunk.length) {
      return super.end(chunk, 'latin1', done);
    }
    return typeof encoding === 'string' ? super.end(chunk, encoding, done) : super.end(chunk, encoding ?? done);
  }
}
