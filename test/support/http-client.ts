import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly text: string;
  /** The text as `JSON.parse` reads it; undefined when there is none. */
  readonly json: unknown;
}

export interface HttpQuestion {
  readonly method?: string;
  /** A string or bytes are sent as they are; anything else as JSON. */
  readonly body?: unknown;
  /** Instead of `content-type: application/json`; null leaves a header out. */
  readonly headers?: Readonly<Record<string, string | null>>;
  /** Without a declared length. */
  readonly chunked?: boolean;
}

/** One request on a connection of its own, with exactly these headers: `fetch` decides about `Host` and `Origin` itself. */
export function send(
  url: string,
  { method = 'GET', body, headers, chunked = false }: HttpQuestion = {},
): Promise<HttpAnswer> {
  const bytes = bytesOf(body);
  const given: Record<string, string | null> = {
    ...(bytes === undefined ? {} : { 'content-type': 'application/json' }),
    ...(bytes === undefined || chunked ? {} : { 'content-length': String(bytes.length) }),
    ...headers,
  };
  const sent = Object.fromEntries(
    Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== null),
  );
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, headers: sent, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const isJson = response.headers['content-type']?.startsWith('application/json') === true && text !== '';
        resolve({
          status: response.statusCode ?? 0,
          headers: Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)])),
          text,
          json: isJson ? JSON.parse(text) : undefined,
        });
      });
    });
    request.once('error', reject);
    if (bytes !== undefined && chunked) request.write(bytes.subarray(0, 1));
    request.end(chunked ? bytes?.subarray(1) : bytes);
  });
}

function bytesOf(body: unknown): Buffer | undefined {
  if (body === undefined) return undefined;
  if (typeof body === 'string') return Buffer.from(body);
  return body instanceof Uint8Array ? Buffer.from(body) : Buffer.from(JSON.stringify(body));
}

/** Writes the bytes on a bare connection and resolves to all that comes back until the server closes it. */
export function sendRaw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      answer += chunk;
    });
    socket.once('error', reject);
    socket.once('close', () => resolve(answer));
    socket.write(bytes);
  });
}
