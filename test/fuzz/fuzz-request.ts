import { SeededRandom } from '../fault/seeded-random.ts';
import { graphqlRequest } from './graphql-grammar.ts';
import { mutateBytes, mutateDraft } from './mutation.ts';
import type { RequestDraft } from './request-draft.ts';
import { restRequest } from './rest-grammar.ts';

export interface FuzzRequest {
  readonly index: number;
  readonly method: string;
  readonly path: string;
  /** What the server has to call the answer by, in `X-Request-Id`. */
  readonly id: string;
  readonly bytes: Buffer;
  /** Whether it is a whole request of HTTP, to which exactly one answer has to come. */
  readonly isHttp: boolean;
}

/** What stands at an index is decided by the seed alone, so each of it can be had again. */
export function randomAt(seed: number, index: number): SeededRandom {
  return new SeededRandom(seed ^ Math.imul(index + 1, 0x9e3779b1));
}

/** A request of a client that shows nothing. */
export function fuzzRequest(seed: number, index: number): FuzzRequest {
  const random = randomAt(seed, index);
  return requestOf(random, index, random.chance(0.45) ? graphqlRequest(random) : restRequest(random));
}

/** The draft, changed in none, one or two places, and written down. */
export function requestOf(random: SeededRandom, index: number, meant: RequestDraft): FuzzRequest {
  let draft = meant;
  const mutations = random.chance(0.55) ? 0 : 1 + random.below(2);
  for (let done = 0; done < mutations; done += 1) draft = mutateDraft(random, draft);
  const id = `fuzz-${index}`;
  const path = legalTarget(draft.path);
  const whole = writeRequest(random, { ...draft, path }, id);
  const isHttp = !random.chance(0.04);
  return { index, method: draft.method, path, id, bytes: isHttp ? whole : mutateBytes(random, whole), isHttp };
}

function writeRequest(random: SeededRandom, { method, path, headers, body }: RequestDraft, id: string): Buffer {
  let bytes: Buffer | undefined = body === undefined ? undefined : Buffer.from(body);
  if (bytes !== undefined && random.chance(0.04)) bytes = mutateBytes(random, bytes);
  const chunked = bytes !== undefined && random.chance(0.05);
  const all: Record<string, string> = { host: 'localhost', ...headers, 'x-request-id': id };
  if (chunked) all['transfer-encoding'] = 'chunked';
  else if (bytes !== undefined) all['content-length'] = String(bytes.length);
  const names = Object.keys(all).map((name) => (random.chance(0.05) ? name.toUpperCase() : name));
  const lines = names.map((name) => `${name}: ${all[name.toLowerCase()] ?? ''}`);
  const head = Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  if (bytes === undefined) return head;
  return Buffer.concat([head, ...(chunked ? chunksOf(random, bytes) : [bytes])]);
}

function chunksOf(random: SeededRandom, bytes: Buffer): Buffer[] {
  const at = random.below(bytes.length + 1);
  const parts = [bytes.subarray(0, at), bytes.subarray(at)].filter(({ length }) => length > 0);
  const crlf = Buffer.from('\r\n');
  return [
    ...parts.flatMap((part) => [Buffer.from(`${part.length.toString(16)}\r\n`), part, crlf]),
    Buffer.from('0\r\n\r\n'),
  ];
}

/** RFC 9112, section 3: a target has no white space, and no more than the server reads of one line. */
function legalTarget(path: string): string {
  const legal = path.replaceAll(/[^\x21-\x7e]/gu, (character) => {
    const bytes = Buffer.from(character);
    return [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  });
  return `/${legal.slice(0, 8_000).replace(/^\//, '')}`;
}
