import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { isJsonObject, type JsonObject } from '../document/json.ts';
import { parseJson } from '../document/json-parser.ts';
import { DatabaseError } from '../errors.ts';
import { systemErrorOf } from './failure.ts';

/** The server cannot be reached, has refused, or broke off. */
export class ServerError extends Error {
  override readonly name = 'ServerError';
  /** The code of the server's refusal (`errors.ts`); null when it has said none. */
  readonly code: string | null;

  constructor(message: string, { code = null, ...options }: ErrorOptions & { readonly code?: string | null } = {}) {
    super(message, options);
    this.code = code;
  }
}

const answerLengthMax = 64 * 1024;
const jsonLimits = { nestingMax: 16, integerDigitsMax: 16 };

/** Asks a server for one thing, once. */
export class ServerRequest {
  readonly #url: URL;
  readonly #method: string;
  #request: ClientRequest | null = null;

  constructor(method: string, path: string, server: URL) {
    this.#method = method;
    this.#url = new URL(path, server);
  }

  /** Resolves to the head of what the server answers, when it has done what was asked, however long that takes. @throws {ServerError} */
  async respond(): Promise<IncomingMessage> {
    const response = await this.#send();
    if (response.statusCode === 200) return response;
    const { detail, code } = (await this.#jsonOf(response)) ?? {};
    const reason = typeof detail === 'string' ? detail : `HTTP status ${response.statusCode}`;
    throw new ServerError(`the server at ${this.#url.origin} refuses: ${reason}`, {
      code: typeof code === 'string' ? code : null,
    });
  }

  /** What the server answers, an object. @throws {ServerError} */
  async json(): Promise<JsonObject> {
    const answer = await this.#jsonOf(await this.respond());
    if (answer !== null) return answer;
    throw new ServerError(`what listens at ${this.#url.origin} does not answer like a server of YaraDB`);
  }

  /** Lets the server go on without us. */
  abort(): void {
    this.#request?.destroy();
  }

  /** What it is called when the connection ends before the answer does. */
  brokeOff(cause: unknown): ServerError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new ServerError(`the server at ${this.#url.origin} broke off (${reason})`, { cause });
  }

  #send(): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request = httpRequest(this.#url, { method: this.#method, agent: false }, resolve);
      this.#request = request;
      let connected = false;
      request.once('socket', (socket) => {
        socket.once('connect', () => {
          connected = true;
        });
      });
      request.on('error', (error) => reject(connected ? this.brokeOff(error) : unreachable(this.#url, error)));
      request.end();
    });
  }

  /** Null when it is no object. */
  async #jsonOf(response: IncomingMessage): Promise<JsonObject | null> {
    let text = '';
    try {
      for await (const chunk of response.setEncoding('utf8')) {
        text += chunk;
        if (text.length > answerLengthMax) return null;
      }
    } catch (error) {
      throw this.brokeOff(error);
    }
    return objectOf(text);
  }
}

/** What it is called when there is no connection. */
export function unreachable({ origin }: URL, cause: Error): ServerError {
  const reason = systemErrorOf(cause)?.code === 'ECONNREFUSED' ? 'no server listens there' : cause.message;
  return new ServerError(
    `the server at ${origin} cannot be reached: ${reason}. Start it, or name another one with --url`,
    { cause },
  );
}

/** Null when it is no object. */
function objectOf(text: string): JsonObject | null {
  try {
    const value = parseJson(text, jsonLimits);
    return isJsonObject(value) ? value : null;
  } catch (error) {
    if (error instanceof DatabaseError) return null;
    throw error;
  }
}
