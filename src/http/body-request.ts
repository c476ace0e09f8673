import { IncomingMessage } from 'node:http';
import { bodyCutOff, bodyTooLarge } from './http-refusal.ts';

type BodyReader = (error: Error | null, body: Buffer) => void;

const nothing = Buffer.alloc(0);

/**
 * A request whose body can be had whole. For a short one the way through the stream, with its events and its turns, would take longer than all that is done
 * with it; here the bytes go from Node's parser to whoever asked for them, in the moment when the last has arrived. It stays the stream that Node and others know.
 */
export class BodyRequest extends IncomingMessage {
  #reader: BodyReader | undefined;
  #bytesMax = 0;
  #chunks: Buffer[] = [];
  #length = 0;

  /**
   * Calls back once: with the body when all of it is there, with a refusal when it is longer than `bytesMax` or the client is gone.
   * What has come before is part of it. To be called once, by one who is the only reader.
   */
  readBody(bytesMax: number, reader: BodyReader): void {
    const declared = this.headers['content-length'];
    if (declared !== undefined && Number(declared) > bytesMax) {
      reader(bodyTooLarge(bytesMax, Number(declared)), nothing);
      return;
    }
    this.#reader = reader;
    this.#bytesMax = bytesMax;
    const early: Buffer | null = this.readableLength > 0 ? this.read() : null;
    if (early !== null) this.#add(early);
    if (this.complete) this.#end();
    else if (this.destroyed) this.#fail(bodyCutOff());
    else if (this.socket.isPaused()) this.read(0);
  }

  override push(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
    if (this.#reader === undefined) return super.push(chunk, encoding);
    if (chunk !== null) {
      this.#add(chunk);
      return true;
    }
    const more = super.push(null);
    this.#end();
    return more;
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (this.#reader !== undefined) this.#fail(bodyCutOff());
    super._destroy(error, callback);
  }

  #add(chunk: Buffer): void {
    this.#length += chunk.length;
    if (this.#length > this.#bytesMax) this.#fail(bodyTooLarge(this.#bytesMax, undefined));
    else this.#chunks.push(chunk);
  }

  #end(): void {
    const [only = nothing, ...more] = this.#chunks;
    this.#call(null, more.length === 0 ? only : Buffer.concat(this.#chunks, this.#length));
  }

  #fail(error: Error): void {
    this.#call(error, nothing);
  }

  #call(error: Error | null, body: Buffer): void {
    const reader = this.#reader;
    this.#reader = undefined;
    this.#chunks = [];
    reader?.(error, body);
  }
}
