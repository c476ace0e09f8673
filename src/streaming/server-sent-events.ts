import { InvalidArgumentError } from '../errors.ts';

/** https://html.spec.whatwg.org/multipage/server-sent-events.html */
export const eventStreamType = 'text/event-stream';

/** Has neither an id nor data: it changes nothing for whoever reads it. */
export const keepAliveComment = ':\n\n';

export interface ServerSentEvent {
  /** What a client that connects again sends as `Last-Event-ID`. */
  readonly id?: string | undefined;
  readonly event: string;
  /** One line: JSON without white space is. */
  readonly data: string;
}

export function formatServerSentEvent({ id, event, data }: ServerSentEvent): string {
  const idLine = id === undefined ? '' : `id: ${id}\n`;
  return `${idLine}event: ${event}\ndata: ${data}\n\n`;
}

/** A place in the sequence of commits. */
export interface EventPlace {
  readonly epoch: string;
  readonly sequence: number;
}

export function formatEventId({ epoch, sequence }: EventPlace): string {
  return `${epoch}:${sequence}`;
}

/** @param header as a client sent it; an empty one, as of who had no event yet, is none. @throws {InvalidArgumentError} */
export function parseLastEventId(header: string | readonly string[] | undefined): EventPlace | undefined {
  const text = typeof header === 'string' ? header : header?.at(-1);
  if (text === undefined || text === '') return undefined;
  const [, epoch, digits] = /^([\w-]{1,64}):(\d{1,16})$/.exec(text) ?? [];
  const sequence = Number(digits);
  if (epoch !== undefined && Number.isSafeInteger(sequence)) return { epoch, sequence };
  throw new InvalidArgumentError('Last-Event-ID is none that this server gave', {
    path: 'Last-Event-ID',
    expected: 'epoch:sequence, as the id of an event',
  });
}

/** What such an answer says of itself: that nobody may keep it, or gather it up before it is passed on. */
export const eventStreamHeaders = Object.freeze({
  'cache-control': 'no-cache, no-transform',
  // A proxy that gathers answers would deliver events late: https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_buffering
  'x-accel-buffering': 'no',
});
