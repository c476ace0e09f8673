import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isJsonObject, type JsonObject } from '../document/json.ts';
import { parseJson } from '../document/json-parser.ts';
import { stringifyJson } from '../document/json-serializer.ts';
import { DatabaseError } from '../errors.ts';
import { systemErrorOf } from './failure.ts';
import type { ServerTarget } from './server-target.ts';

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

// Room for as many tokens as a server keeps.
const answerLengthMax = 8 * 1024 * 1024;
const jsonLimits = { nestingMax: 16, integerDigitsMax: 16 };

/** Asks a server for one thing, once. */
export class ServerRequest {
  readonly #url: URL;
  readonly #method: string;
  #request: ClientRequest | null = null;

  readonly #server: ServerTarget;
  readonly #body: string | null;

  /** @param body is sent as JSON; null: there is none. */
  constructor(method: string, path: string, server: ServerTarget, body: JsonObject | null = null) {
    this.#method = method;
    this.#url = new URL(path, server.url);
    this.#server = server;
    this.#body = body === null ? null : stringifyJson(body);
  }

  /** Resolves to the head of what the server answers, when it has done what was asked, however long that takes. @throws {ServerError} */
  async respond(): Promise<IncomingMessage> {
    const response = await this.#send();
    if (response.statusCode === 200) return response;
    const { detail, code } = (await this.#jsonOf(response)) ?? {};
    const reason = typeof detail === 'string' ? detail + adviceFor(code) : `HTTP status ${response.statusCode}`;
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
    return new ServerError(`the server at ${this.#url.origin} broke off (${reasonOf(cause)})`, { cause });
  }

  #send(): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const { token, tls } = this.#server;
      const headers = {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(this.#body === null ? {} : { 'content-type': 'application/json' }),
      };
      const options = { method: this.#method, agent: false, headers } as const;
      const isEncrypted = this.#url.protocol === 'https:';
      const request = isEncrypted
        ? httpsRequest(this.#url, { ...options, ...tls }, resolve)
        : httpRequest(this.#url, options, resolve);
      this.#request = request;
      let connected = false;
      request.once('socket', (socket) => {
        // A certificate that is not trusted is found when the connection stands, and nothing was asked by then.
        socket.once(isEncrypted ? 'secureConnect' : 'connect', () => {
          connected = true;
        });
      });
      request.on('error', (error) => reject(connected ? unanswered(this.#url, error) : unreachable(this.#url, error)));
      request.end(this.#body ?? undefined);
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

/** What it is called when the connection ends before an answer begins. */
export function unanswered({ origin, protocol }: URL, cause: Error): ServerError {
  // Node has no name for it that says more: whoever speaks TLS hangs up on whoever does not.
  const advice = protocol === 'http:' ? '. If it speaks TLS, its URL begins with https://' : '';
  return new ServerError(`the server at ${origin} broke off (${reasonOf(cause)})${advice}`, { cause });
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** What it is called when there is no connection. */
export function unreachable({ origin }: URL, cause: Error): ServerError {
  const [reason, advice] = reasonAndAdvice(cause);
  return new ServerError(`the server at ${origin} cannot be reached: ${reason}. ${advice}`, { cause });
}

function reasonAndAdvice(cause: Error): readonly [reason: string, advice: string] {
  const code = 'code' in cause ? String(cause.code) : '';
  if (code === 'CERT_HAS_EXPIRED') return [cause.message, 'Renew its certificate, and send the server SIGHUP'];
  // OpenSSL's words are of several lines, and none of them is this.
  if (code === 'EPROTO') return ['it speaks no TLS', 'Name it with --url http://… if that is meant'];
  if (/CERT|ALTNAME|SELF_SIGNED|ISSUER/.test(code))
    return [cause.message, 'Name the certificate of its authority with --ca-file'];
  const reason = systemErrorOf(cause)?.code === 'ECONNREFUSED' ? 'no server listens there' : cause.message;
  return [reason, 'Start it, or name another one with --url'];
}

/** What an operator can do about it. */
export function adviceFor(code: unknown): string {
  if (code !== 'UNAUTHENTICATED') return '';
  return '. Name a token of the role admin with --token-file or YARADB_TOKEN, or, as its user on its machine, its directory with --data-dir';
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
