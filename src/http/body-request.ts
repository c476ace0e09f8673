import { IncomingMessage } from 'node:http';
import { bodyCutOff, bodyTooLarge } from './http-refusal.ts';

type BodyReader = (error: Error | null, body: Buffer) => void;

/** A body that somebody waits for. */
interface Reading {
  readonly reader: BodyReader;
  readonly bytesMax: number;
  readonly chunks: Buffer[];
  length: number;
}

const nothing = Buffer.alloc(0);

/**
 * A request whose body can be had whole. For a short one the way through the stream, with its events and its turns, would take longer than all that is done
 * with it; here the bytes go from Node's parser to whoever asked for them, in the moment when the last has arrived. It stays the stream that Node and others know.
 */
export class BodyRequest extends IncomingMessage {
  #reading: Reading | undefined;

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
    const reading: Reading = { reader, bytesMax, chunks: [], length: 0 };
    this.#reading = reading;
    const early: Buffer | null = this.readableLength > 0 ? this.read() : null;
    if (early !== null) this.#add(reading, early);
    if (this.complete) this.#end();
    else if (this.destroyed) this.#fail(bodyCutOff());
    else if (this.socket.isPaused()) this.read(0);
  }

  override push(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
    if (this.#reading === undefined) return super.push(chunk, encoding);
    if (chunk !== null) {
      this.#add(this.#reading, chunk);
      return true;
    }
    const more = super.push(null);
    this.#end();
    return more;
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (this.#reading !== undefined) this.#fail(bodyCutOff());
    super._destroy(error, callback);
  }

  #add(reading: Reading, chunk: Buffer): void {
    reading.length += chunk.length;
    if (reading.length > reading.bytesMax) this.#fail(bodyTooLarge(reading.bytesMax, undefined));
    else reading.chunks.push(chunk);
  }

  #end(): void {
    const reading = this.#reading;
    if (reading === undefined) return;
    this.#reading = undefined;
    const [only = nothing, ...more] = reading.chunks;
    reading.reader(null, more.length === 0 ? only : Buffer.concat(reading.chunks, reading.length));
  }

  #fail(error: Error): void {
    const reading = this.#reading;
    this.#reading = undefined;
    reading?.reader(error, nothing);
  }
}
