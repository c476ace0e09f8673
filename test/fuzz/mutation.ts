import type { SeededRandom } from '../fault/seeded-random.ts';
import { awkwardTexts } from './json-grammar.ts';
import type { RequestDraft } from './request-draft.ts';

/** Of JSON and of GraphQL: strings, names and numbers, punctuation. */
const tokenPattern = /"(?:[^"\\]|\\.)*"|[\w$@.+-]+|\s+|[^\w\s]/gs;
const tokens = [
  '{',
  '}',
  '[',
  ']',
  '(',
  ')',
  ':',
  ',',
  '"',
  '...',
  '$',
  '@',
  '!',
  '|',
  '&',
  '#',
  '"""',
  'null',
  '-0',
  '1e999',
  '\\ud800',
  '\u0000',
];
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'SEARCH', 'TRACE', 'LINK'];

/** For patterns that read the same in more ways than one, and then take the square of its length. */
const runs = [' ', '\t', ';', ',', 'a=', 'a/b,', '\\"', '="'].map((part) => part.repeat(8_000 / part.length));

/** Headers that a server may trip over, with what may stand in them. */
const headerValues: Readonly<Record<string, readonly string[]>> = {
  host: ['evil.example', 'localhost', '[::1]:8000', 'localhost:99999', '', '127.0.0.1.evil.example', 'LOCALHOST.'],
  origin: ['https://evil.example', 'null', 'https://studio.example', 'http://localhost', ''],
  'content-type': [
    'text/plain',
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded',
    'application/json; charset=utf-16',
    'application/json;',
    ';',
    '__proto__',
  ],
  'content-encoding': ['gzip', 'br', 'identity', 'gzip, gzip', 'x'],
  accept: ['text/html', '*/*;q=0', 'application/json;q=2', ';', ',,,', 'a/b'],
  'accept-encoding': ['gzip', 'identity;q=0', '*;q=0', 'br;q=x'],
  'idempotency-key': ['"a"', 'a b', '"', '\\', 'é', 'x'.repeat(256), 'a,b', ''],
  'access-control-request-method': ['PUT', 'é', 'x'.repeat(500)],
  'access-control-request-headers': ['content-type', '__proto__', 'é'],
  expect: ['100-continue', '200-ok', ''],
  'x-forwarded-for': ['127.0.0.1', '1.2.3.4'],
  'x-http-method-override': ['DELETE'],
  'if-none-match': ['*', '"x"', 'W/"'],
  range: ['bytes=0-1', 'bytes=-', 'x'],
  authorization: ['Bearer x', 'Basic Og==', 'Bearer'],
  cookie: ['a=b; __proto__=1'],
  ['__proto__']: ['1'],
  constructor: ['1'],
  te: ['trailers'],
  connection: ['close', 'keep-alive', '__proto__'],
};

/** The draft with one thing about it changed, that is still a request of HTTP. */
export function mutateDraft(random: SeededRandom, draft: RequestDraft): RequestDraft {
  const { body, headers, path } = draft;
  switch (random.below(body === undefined ? 4 : 12)) {
    case 0:
    case 1: {
      const name = random.pick(Object.keys(headerValues));
      const value = random.pick(headerValues[name] ?? ['']);
      const run = random.chance(0.15) ? `${headers[name] ?? value}${random.pick(runs)}x` : value;
      return { ...draft, headers: { ...headers, [name]: run } };
    }
    case 2:
      return { ...draft, path: mutatePath(random, path) };
    case 3:
      return { ...draft, method: random.pick(methods) };
    case 4: {
      const { 'content-type': _type, ...others } = headers;
      return { ...draft, headers: others };
    }
    default:
      return { ...draft, body: mutateText(random, body ?? '') };
  }
}

/** Tokens dropped, doubled, exchanged, put in others' places, repeated very often; texts cut off. */
export function mutateText(random: SeededRandom, text: string): string {
  const parts = text.match(tokenPattern) ?? [''];
  for (let changes = 1 + random.below(3); changes > 0; changes -= 1) {
    const at = random.below(parts.length);
    const part = parts[at] ?? '';
    const other = random.below(parts.length);
    switch (random.below(9)) {
      case 0:
        parts.splice(at, 1);
        break;
      case 1:
        parts.splice(at, 0, part);
        break;
      case 2:
        [parts[at], parts[other]] = [parts[other] ?? '', part];
        break;
      case 3:
        parts[at] = random.pick(tokens);
        break;
      case 4:
        parts[at] = JSON.stringify(random.pick(awkwardTexts));
        break;
      case 5:
        parts[at] = random.pick(awkwardTexts);
        break;
      case 6:
        parts[at] = part.repeat(1 + random.below(random.chance(0.1) ? 2_000 : 5));
        break;
      case 7:
        parts.splice(at, 0, ...parts.slice(other, other + 20));
        break;
      default:
        parts.length = Math.max(1, at);
    }
    if (parts.length === 0) parts.push('');
  }
  return parts.join('');
}

/** Bits flipped, bytes put in and taken out, the end cut off, a byte-order mark. */
export function mutateBytes(random: SeededRandom, bytes: Buffer): Buffer {
  const at = random.below(bytes.length + 1);
  switch (random.below(6)) {
    case 0: {
      const copy = Buffer.from(bytes);
      if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
      return copy;
    }
    case 1:
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.from([random.pick([0, 0xff, 0xc0, 0xed, 0x0d, 0x0a, 0x80])]),
        bytes.subarray(at),
      ]);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(8))]);
    case 3:
      return bytes.subarray(0, at);
    case 4:
      return Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]);
    default:
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.from(random.bytes(1 + random.below(16))),
        bytes.subarray(at),
      ]);
  }
}

function mutatePath(random: SeededRandom, path: string): string {
  switch (random.below(6)) {
    case 0:
      return `${path}/`;
    case 1:
      return path.replace(/\/[^/]*/, (segment) => `${segment}${segment}`);
    case 2:
      return `${path}${path.includes('?') ? '&' : '?'}${random.pick(['__proto__[a]=1', 'limit=%ED%A0%80', 'limit=%', 'order=asc&order=desc', 'query={a}', 'x'.repeat(3_000)])}`;
    case 3:
      return `/${encodeURIComponent(random.pick(awkwardTexts))}`;
    case 4:
      return path.replace(/[^/]*$/, random.pick(['..', '%2e%2e', '%', '%ff', '%00', '*', '//', ';a=b', '\\..\\']));
    default:
      return mutateText(random, path);
  }
}
