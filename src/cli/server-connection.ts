import type { Buffer } from 'node:buffer';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isJsonObject, type JsonObject, type JsonValue } from '../document/json.ts';
import { parseJson } from '../document/json-parser.ts';
import { adviceFor, ServerError, unanswered, unreachable } from './server-request.ts';
import type { ServerTarget } from './server-target.ts';

/** What a server answers. */
export interface ServerAnswer {
  readonly status: number;
  /** Null when the answer is not JSON, and for a success whose body nobody asked for. */
  readonly json: JsonValue | null;
  readonly retryAfterSeconds: number;
}

/** How long the server may say nothing: a disk that stalls makes it wait, and it answers then. */
const idleMsMax = 120_000;

/** Sends many requests to one server. Close it. */
export class ServerConnection {
  readonly #server: URL;
  readonly #token: string | null;
  readonly #tls: ServerTarget['tls'];
  readonly #agent: Agent;

  constructor({ url, token, tls }: ServerTarget) {
    this.#server = url;
    this.#token = token;
    this.#tls = tls;
    this.#agent = url.protocol === 'https:' ? new HttpsAgent({ keepAlive: true }) : new Agent({ keepAlive: true });
  }

  /** @param wantsAnswer whether what comes with a success is read, too; else the server is asked for as little as it can. @throws {ServerError} when no answer comes. */
  async post(path: string, body: Buffer, wantsAnswer: boolean): Promise<ServerAnswer> {
    const headers = wantsAnswer ? {} : { prefer: 'return=minimal' };
    return this.#answerOf(await this.open('POST', path, body, headers), wantsAnswer);
  }

  /** @throws {ServerError} when no answer comes. */
  async get(path: string): Promise<ServerAnswer> {
    return this.#answerOf(await this.open('GET', path, null), true);
  }

  async #answerOf(response: IncomingMessage, wantsAnswer: boolean): Promise<ServerAnswer> {
    const status = response.statusCode ?? 0;
    const retryAfterSeconds = Number(response.headers['retry-after'] ?? 1) || 1;
    const text = await this.#textOf(response, wantsAnswer || status !== 200);
    return { status, json: text === null ? null : jsonOf(text), retryAfterSeconds };
  }

  /** Resolves to the head of an answer whose body the caller reads. @throws {ServerError} */
  open(
    method: 'GET' | 'POST',
    path: string,
    body: Buffer | null,
    more: Readonly<Record<string, string>> = {},
  ): Promise<IncomingMessage> {
    const url = new URL(path, this.#server);
    const headers = {
      ...more,
      ...(this.#token === null ? {} : { authorization: `Bearer ${this.#token}` }),
      ...(body === null ? {} : { 'content-type': 'application/json', 'content-length': body.length }),
    };
    const isEncrypted = url.protocol === 'https:';
    return new Promise((resolve, reject) => {
      const options = { method, agent: this.#agent, headers } as const;
      const request = isEncrypted
        ? httpsRequest(url, { ...options, ...this.#tls }, resolve)
        : httpRequest(url, options, resolve);
      let connected = false;
      request.once('socket', (socket) => {
        connected = request.reusedSocket;
        // One that is used again has connected long ago.
        if (connected) return;
        socket.once(isEncrypted ? 'secureConnect' : 'connect', () => {
          connected = true;
        });
      });
      request.setTimeout(idleMsMax, () => request.destroy(new Error(`nothing came for ${idleMsMax / 1000} s`)));
      request.on('error', (error) =>
        reject(connected ? unanswered(this.#server, error) : unreachable(this.#server, error)),
      );
      request.end(body ?? undefined);
    });
  }

  /** The error that a refusal comes to. @throws {ServerError} when it is not told to its end. */
  async refusalOf(response: IncomingMessage): Promise<ServerError> {
    return refusalError(await this.#answerOf(response, true));
  }

  /** What it is called when the connection ends before the answer does. */
  brokeOff(cause: unknown): ServerError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new ServerError(`the server at ${this.#server.origin} broke off (${reason})`, { cause });
  }

  close(): void {
    this.#agent.destroy();
  }

  async #textOf(response: IncomingMessage, isWanted: boolean): Promise<string | null> {
    let text = '';
    try {
      for await (const chunk of response.setEncoding('utf8')) if (isWanted) text += chunk;
    } catch (error) {
      throw this.brokeOff(error);
    }
    return isWanted ? text : null;
  }
}

/** Why the server refuses, as it says itself. */
export function refusalText({ json, status }: ServerAnswer): string {
  const { detail } = objectOf(json);
  return typeof detail === 'string' ? detail : `HTTP status ${status}`;
}

/** The same as an error. */
export function refusalError(answer: ServerAnswer): ServerError {
  const { code } = objectOf(answer.json);
  return new ServerError(`the server refuses: ${refusalText(answer)}${adviceFor(code)}`, {
    code: typeof code === 'string' ? code : null,
  });
}

export function objectOf(json: JsonValue | null): JsonObject {
  return isJsonObject(json) ? json : {};
}

const noLimits = { nestingMax: Number.POSITIVE_INFINITY, integerDigitsMax: Number.POSITIVE_INFINITY };

function jsonOf(text: string): JsonValue | null {
  try {
    return parseJson(text, noLimits);
  } catch {
    return null;
  }
}
