import type { FastifyInstance } from 'fastify';
import type { ChangeEvent, ChangeStream } from '../database/changes.ts';
import type { SharedTurns } from '../database/shared-turns.ts';
import { stringifyJson } from '../document/json-serializer.ts';
import { createAnswerTurns } from '../streaming/answer-turns.ts';
import type { TextSource } from '../streaming/event-stream.ts';
import { OpenStreams } from '../streaming/open-streams.ts';
import {
  eventStreamHeaders,
  eventStreamType,
  formatEventId,
  formatServerSentEvent,
  keepAliveComment,
  parseLastEventId,
} from '../streaming/server-sent-events.ts';
import { SharedTexts } from '../streaming/shared-texts.ts';
import { changesEndpoint } from './changes-endpoint.ts';
import { parseChangesRequest } from './changes-request.ts';
import { QueryParameters } from './query-parameters.ts';
import { restChangeSetText, restEventTypes, toRestChange } from './rest-changes.ts';
import type { RestOptions } from './rest-router.ts';

/** So many changes of a commit are written in one go, which takes about a millisecond. */
const changesAtOnceMax = 256;

/** How events are written. */
interface Format {
  readonly mediaType: string;
  readonly keepAliveText: string;
  readonly textOf: (event: ChangeEvent, json: string) => string;
}

const serverSentEvents: Format = {
  mediaType: `${eventStreamType}; charset=utf-8`,
  keepAliveText: keepAliveComment,
  textOf: (event, json) => {
    const id = event.kind === 'resyncRequired' ? undefined : formatEventId(event);
    return formatServerSentEvent({ id, event: restEventTypes[event.kind], data: json });
  },
};

/** https://github.com/ndjson/ndjson-spec: a reader passes over lines that are empty. */
const lines: Format = {
  mediaType: 'application/x-ndjson; charset=utf-8',
  keepAliveText: '\n',
  textOf: (_event, json) => `${json}\n`,
};

/** `GET /changes`: what is committed, behind `since` or from now on. */
export function addChangesRoute(server: FastifyInstance, options: RestOptions): void {
  const { database, principalOf, queryLimits, jsonLimits, keepAliveMs = 12_000, turns = createAnswerTurns() } = options;
  const streams = new OpenStreams();
  const texts = new SharedTexts();
  server.addHook('preClose', async () => streams.finish());
  // A HEAD would subscribe and throw it away.
  server.get(
    '/changes',
    { exposeHeadRoute: false, config: { description: changesEndpoint } },
    async (request, reply) => {
      const { headers, url } = request;
      const resumeAt = parseLastEventId(headers['last-event-id']);
      const parsed = parseChangesRequest(new QueryParameters(url), resumeAt, jsonLimits, queryLimits.filter);
      const principal = principalOf(request);
      const until = parsed.follow ? Number.POSITIVE_INFINITY : (await database.status(principal)).sequence;
      const stream = await database.changes(principal, parsed.request);
      const format = wantsEvents(headers.accept) ? serverSentEvents : lines;
      const source = new ChangeText({ stream, format, texts, turns, until });
      reply.headers({ ...eventStreamHeaders, vary: 'Accept', 'content-type': format.mediaType });
      return reply.send(streams.open(source, { keepAliveText: format.keepAliveText, keepAliveMs }));
    },
  );
}

/** At once, but for a commit of many changes. */
function jsonOf(event: ChangeEvent, turns: SharedTurns): string | Promise<string> {
  return event.kind === 'changeSet' && event.changes.length > changesAtOnceMax
    ? turns.take(restChangeSetText(event))
    : stringifyJson(toRestChange(event));
}

function wantsEvents(accept: string | undefined): boolean {
  return accept?.toLowerCase().includes(eventStreamType) ?? false;
}

interface ChangeTextOptions {
  readonly stream: ChangeStream;
  readonly format: Format;
  readonly texts: SharedTexts;
  /** Of all answers of the route. */
  readonly turns: SharedTurns;
  /** It ends when it has told everything up to this commit. */
  readonly until: number;
}

class ChangeText implements TextSource {
  readonly #options: ChangeTextOptions;
  #ended = false;

  constructor(options: ChangeTextOptions) {
    this.#options = options;
  }

  async next(): Promise<string | null> {
    if (this.#ended) return null;
    const { stream, format, texts, turns, until } = this.#options;
    const events = await stream.next();
    if (events === null) return null;
    let text = '';
    for (const event of events) {
      const json = texts.of(event, '', () => jsonOf(event, turns));
      text += format.textOf(event, typeof json === 'string' ? json : await json);
      if (event.kind === 'resyncRequired' || event.sequence >= until) this.#ended = true;
    }
    if (this.#ended) stream.close();
    return text;
  }

  close(): void {
    this.#options.stream.close();
  }
}
