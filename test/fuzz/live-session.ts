import { type ClientRequestArgs, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import WebSocket from 'ws';
import { isJsonObject, type JsonObject, type JsonValue } from '../../src/document/json.ts';
import { parseJson } from '../../src/document/json-parser.ts';
import type { SeededRandom } from '../fault/seeded-random.ts';
import { checkGraphqlErrors } from './answer-check.ts';
import { changesPath, type LiveMessage, liveMessage, subscription } from './live-grammar.ts';
import { mutateBytes } from './mutation.ts';
import type { FuzzPrincipal } from './principals.ts';
import type { Secret } from './secret.ts';

/** A server, and who asks it for what goes on. */
export interface LiveClient {
  readonly url: string;
  readonly secret: Secret;
  readonly principal: FuzzPrincipal;
  readonly random: SeededRandom;
}

/** For a server that hangs. */
const silenceMsMax = 60_000;
const jsonLimits = { nestingMax: 1_000, integerDigitsMax: 10_000 };
/** What the protocol has the server say: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md */
const messageTypes: ReadonlySet<JsonValue | undefined> = new Set([
  ...['connection_ack', 'ping', 'pong', 'next', 'error', 'complete'],
]);
/** Those of the protocol, and of RFC 6455, section 7.4.1. Neither 1011 nor 4500 is among them: they are bugs. */
const closeCodes: ReadonlySet<number> = new Set([
  ...[1000, 1002, 1003, 1005, 1006, 1007, 1009, 1013],
  ...[4400, 4401, 4403, 4406, 4408, 4409, 4429],
]);

/**
 * A WebSocket with some messages, of which each may be wrong.
 * @returns how many were sent.
 * @throws {Error} when something that came is not what may come.
 */
export async function talkOverWebSocket({ url, secret, principal, random }: LiveClient): Promise<number> {
  const { authorization } = principal;
  const inHeader = authorization !== undefined && random.chance(0.3);
  const headers = inHeader ? { authorization } : {};
  const protocol = random.chance(0.95) ? 'graphql-transport-ws' : random.pick(['graphql-ws', 'x']);
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, protocol, { headers });
  const ended = Promise.withResolvers<void>();
  const pongs = new Set<string>();
  let asked = '';
  let failure: Error | undefined;
  let acknowledged = false;
  socket.on('unexpected-response', (_request, { statusCode = 0 }) => {
    if (statusCode < 400 || statusCode >= 500) failure = new Error(`an upgrade was answered with ${statusCode}`);
    socket.terminate();
  });
  socket.on('error', () => ended.resolve());
  socket.on('close', (code) => {
    if (!closeCodes.has(code)) failure ??= new Error(`the server closed with ${code}`);
    ended.resolve();
  });
  socket.on('message', (data) => {
    try {
      const text = String(data);
      const message = checkMessage(text);
      secret.checkUntold(text, asked);
      acknowledged ||= message.type === 'connection_ack';
      if (acknowledged && !principal.isKnown) throw new Error('somebody who is not known was let in');
      if (message.type === 'pong' && isJsonObject(message.payload ?? null)) pongs.add(text);
    } catch (error) {
      failure ??= new Error(`${error}\nto ${asked.slice(-3_000)}\n${String(data).slice(0, 2_000)}`);
      socket.terminate();
    }
  });
  await Promise.race([new Promise((resolve) => socket.once('open', resolve)), ended.promise]);
  const messages = messagesOf(random, inHeader ? undefined : authorization);
  let sent = 0;
  for (const { bytes, isBinary } of messages) {
    if (socket.readyState !== WebSocket.OPEN) break;
    asked += bytes.toString('utf8');
    socket.send(bytes, { binary: isBinary });
    sent += 1;
    if (random.chance(0.3)) await wait(random.below(4));
  }
  // Whatever was asked before has been read when this is answered, or the connection has ended.
  if (socket.readyState === WebSocket.OPEN) {
    socket.send('{"type":"ping","payload":{"n":"last"}}');
    const isOver = () => socket.readyState !== WebSocket.OPEN || [...pongs].some((text) => text.includes('"last"'));
    for (let waited = 0; !isOver(); waited += 2) {
      if (waited > silenceMsMax) throw new Error(`No answer to ${asked.slice(-3_000)}`);
      await wait(2);
    }
  }
  if (random.chance(0.5)) socket.close(1000);
  else if (socket.readyState === WebSocket.OPEN) socket.terminate();
  await ended.promise;
  if (failure !== undefined) throw failure;
  return Math.max(1, sent);
}

function messagesOf(random: SeededRandom, authorization: string | undefined): readonly LiveMessage[] {
  const parameters =
    authorization === undefined
      ? {}
      : random.pick<object>([
          { Authorization: authorization },
          { authorization },
          { headers: { Authorization: authorization } },
          { headers: authorization, authorization },
        ]);
  const init = {
    bytes: Buffer.from(JSON.stringify({ type: 'connection_init', payload: parameters })),
    isBinary: false,
  };
  const messages = Array.from({ length: 1 + random.below(16) }, () => liveMessage(random));
  return random.chance(0.95) ? [init, ...messages] : messages;
}

/** @throws {Error} when it is no message that a server may send. */
function checkMessage(text: string): JsonObject {
  const message = parseJson(Buffer.from(text), jsonLimits);
  if (!isJsonObject(message) || !messageTypes.has(message.type)) throw new Error('no message of the protocol');
  if (message.type === 'error') checkGraphqlErrors(message.payload);
  const { payload } = message;
  if (message.type === 'next' && (payload === undefined || !isJsonObject(payload))) throw new Error('no result');
  if (message.type === 'next' && isJsonObject(payload ?? null)) {
    const { errors } = payload as JsonObject;
    if (errors !== undefined) checkGraphqlErrors(errors);
  }
  return message;
}

/** Bytes that may be no frames, behind a request for a WebSocket: the server has to end that connection and go on. */
export async function sendFrames({ url, principal, random }: LiveClient): Promise<number> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => undefined).resume();
  const authorization = principal.authorization === undefined ? '' : `Authorization: ${principal.authorization}\r\n`;
  socket.write(
    `GET /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n${authorization}` +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n',
  );
  const count = 1 + random.below(4);
  for (let sent = 0; sent < count; sent += 1) {
    const frame = frameOf(random, liveMessage(random).bytes);
    socket.write(random.chance(0.3) ? frame : mutateBytes(random, frame));
  }
  await Promise.race([ended, wait(5)]);
  socket.destroy();
  await ended;
  return count;
}

/** RFC 6455, section 5.2, with an operation, a length and bits that may be wrong. */
function frameOf(random: SeededRandom, payload: Buffer): Buffer {
  const operation = random.chance(0.8) ? 0x81 : random.below(256);
  const length = random.chance(0.95) ? payload.length : random.below(65_536);
  const head = length < 126 ? [operation, 0x80 | length] : [operation, 0x80 | 126, (length >> 8) & 0xff, length & 0xff];
  // A mask of zeros leaves the bytes as they are.
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), payload]);
}

/** An answer that goes on, of which the beginning is read. */
export async function readStream(client: LiveClient): Promise<number> {
  const { url, secret, principal, random } = client;
  const accept = random.pick(['text/event-stream', '*/*', 'application/x-ndjson', 'text/event-stream, */*;q=0.1']);
  const headers = {
    accept,
    ...(principal.authorization !== undefined && { authorization: principal.authorization }),
    ...(random.chance(0.1) && {
      'last-event-id': random.pick(['x', 'a:1', '::', '0190a000-0000-7000-8000-000000000000:5']),
    }),
  };
  const body = random.chance(0.4) ? subscription(random) : undefined;
  const path = body === undefined ? changesPath(random) : '/graphql';
  const options =
    body === undefined ? { headers } : { method: 'POST', headers: { ...headers, 'content-type': 'application/json' } };
  const { status, text } = await beginningOf(`${url}${path}`, options, body);
  const asked = `${path}${body ?? ''}`;
  if (status >= 500 && status !== 503) throw new Error(`status ${status} to ${asked}: ${text}`);
  if (!principal.isKnown && status < 300) throw new Error(`somebody who is not known was let in by ${asked}`);
  if (text.includes('"INTERNAL"')) throw new Error(`a bug in ${asked}: ${text}`);
  secret.checkUntold(text, decodeURIComponent(asked));
  return 1;
}

/** What comes within some milliseconds after the head, or all of it. */
function beginningOf(
  url: string,
  options: ClientRequestArgs,
  body: string | undefined,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { ...options, agent: false, timeout: silenceMsMax }, (response) => {
      let text = '';
      const finish = () => {
        resolve({ status: response.statusCode ?? 0, text });
        request.destroy();
      };
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.once('end', finish).on('error', () => undefined);
      setTimeout(finish, 8).unref();
    });
    request.once('timeout', () => request.destroy(new Error(`No answer from ${url}`)));
    request.on('error', reject);
    request.end(body);
  });
}
