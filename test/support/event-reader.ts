import { get, request as httpRequest, type IncomingMessage } from 'node:http';

export interface ReadEvent {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: string;
}

/** Reads an answer that goes on, over a connection of its own. */
export class EventReader {
  readonly response: IncomingMessage;
  #text = '';
  #ended = false;
  #wake: () => void = () => {};

  /** GET, or POST when there is a body. */
  static open(url: string, headers: Readonly<Record<string, string>> = {}, body?: string): Promise<EventReader> {
    return new Promise((resolve, reject) => {
      const onResponse = (response: IncomingMessage) => resolve(new EventReader(response));
      const type = body === undefined ? {} : { 'content-type': 'application/json' };
      const options = { headers: { ...type, ...headers }, agent: false };
      const request =
        body === undefined
          ? get(url, options, onResponse)
          : httpRequest(url, { method: 'POST', ...options }, onResponse);
      request.once('error', reject);
      request.end(body);
    });
  }

  constructor(response: IncomingMessage) {
    this.response = response;
    response.setEncoding('utf8');
    response.on('data', (text: string) => {
      this.#text += text;
      this.#wake();
    });
    const end = () => {
      this.#ended = true;
      this.#wake();
    };
    response.once('end', end);
    response.once('error', end);
    response.once('close', end);
  }

  /** The text up to the next separator, without it; null when the answer has ended before. */
  async piece(separator: string): Promise<string | null> {
    for (;;) {
      const at = this.#text.indexOf(separator);
      if (at >= 0) {
        const piece = this.#text.slice(0, at);
        this.#text = this.#text.slice(at + separator.length);
        return piece;
      }
      if (this.#ended) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The next Server-Sent Event that is no comment. */
  async event(): Promise<ReadEvent | null> {
    for (;;) {
      const piece = await this.piece('\n\n');
      if (piece === null) return null;
      const fields = new Map(
        piece.split('\n').map((line): [string, string] => {
          const at = line.indexOf(':');
          return [line.slice(0, at), line.slice(at + 1).trimStart()];
        }),
      );
      const event = fields.get('event');
      if (event !== undefined) return { id: fields.get('id'), event, data: fields.get('data') ?? '' };
    }
  }

  close(): void {
    this.response.destroy();
  }
}
