/** GraphQL over HTTP, section 4.2: what a response may be written as. */
export type GraphqlMediaType = 'application/graphql-response+json' | 'application/json';

interface Range {
  readonly type: string;
  readonly quality: number;
}

/**
 * The media type that the client prefers, or undefined when it accepts neither. Who does not say, or accepts anything, gets
 * `application/json`, as clients from before the specification expect.
 */
export function negotiateMediaType(accept: string | undefined): GraphqlMediaType | undefined {
  // What nearly all clients send.
  if (accept === undefined || accept === '*/*' || accept === 'application/json') return 'application/json';
  const ranges = parseAccept(accept);
  const response = qualityOf('application/graphql-response+json', ranges);
  const json = qualityOf('application/json', ranges);
  if (response.quality <= 0 && json.quality <= 0) return undefined;
  if (response.quality !== json.quality) {
    return response.quality > json.quality ? 'application/graphql-response+json' : 'application/json';
  }
  // As good as each other: the one that was named, and among named ones the one that was named first.
  return response.named && (!json.named || response.position < json.position)
    ? 'application/graphql-response+json'
    : 'application/json';
}

/** How much the client wants Server-Sent Events: more than any other answer, as well as others, or not at all. */
export function acceptsEventStream(accept: string | undefined): 'prefers' | 'accepts' | 'refuses' {
  // What nearly all clients send.
  if (accept === undefined || accept === '*/*') return 'accepts';
  if (accept === 'application/json') return 'refuses';
  const ranges = parseAccept(accept);
  const stream = qualityOf('text/event-stream', ranges);
  if (stream.quality <= 0) return 'refuses';
  if (!stream.named) return 'accepts';
  const others = [qualityOf('application/graphql-response+json', ranges), qualityOf('application/json', ranges)];
  const isBest = others.every(
    ({ quality, named, position }) =>
      quality < stream.quality || (quality === stream.quality && (!named || stream.position < position)),
  );
  return isBest ? 'prefers' : 'accepts';
}

/** Whether the request comes from a browser's address bar or a link, which want a page. */
export function acceptsPage(accept: string | undefined): boolean {
  return accept !== undefined && parseAccept(accept).some(({ type, quality }) => type === 'text/html' && quality > 0);
}

/** RFC 9110, section 12.5.1: the most specific range that fits a type decides. */
function qualityOf(type: string, ranges: readonly Range[]) {
  for (const candidate of [type, `${type.slice(0, type.indexOf('/'))}/*`, '*/*']) {
    const position = ranges.findIndex((range) => range.type === candidate);
    const range = ranges[position];
    if (range !== undefined) return { quality: range.quality, named: candidate === type, position };
  }
  return { quality: 0, named: false, position: -1 };
}

function parseAccept(accept: string): readonly Range[] {
  return accept.split(',').flatMap((item) => {
    const [type = '', ...parameters] = item.toLowerCase().replace(/\s/g, '').split(';');
    const charset = parameters.find((parameter) => parameter.startsWith('charset='));
    if (charset !== undefined && !/^charset="?utf-?8"?$/.test(charset)) return []; // JSON is UTF-8.
    const quality = parameters.find((parameter) => parameter.startsWith('q='));
    return [{ type, quality: quality === undefined ? 1 : Number(quality.slice(2)) || 0 }];
  });
}

/** GraphQL over HTTP, section 4.1: the charset is said, although it could be no other. */
export function contentType(mediaType: GraphqlMediaType): string {
  return `${mediaType}; charset=utf-8`;
}
