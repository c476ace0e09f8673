import { isJsonObject, type JsonValue } from '../../src/document/json.ts';
import { parseJson } from '../../src/document/json-parser.ts';
import { errorMeanings } from '../../src/errors.ts';
import type { FuzzRequest } from './fuzz-request.ts';
import type { HttpAnswer } from './http-answer.ts';

/** Deeper than a body may be, since it stands inside an answer. */
const jsonLimits = { nestingMax: 1_000, integerDigitsMax: 10_000 };

/** Node takes heads of up to 16 KiB, and counts only a part of what stands between names and values. */
const headBytesAlwaysTaken = 15 * 1024;

/** Of a head that is too long nothing is read, its id included. */
function checkIdentity(status: number, headers: HttpAnswer['headers'], { id, bytes }: FuzzRequest): void {
  if (status === 431) expect(bytes.indexOf('\r\n\r\n') > headBytesAlwaysTaken, 'a short head is refused');
  else expect(headers.get('x-request-id') === id, `an answer to ${headers.get('x-request-id')}`);
}

/**
 * Checks whether an answer is one that is documented: a status, a media type, and JSON that is a result or an error with its code.
 * @returns the codes of its errors.
 * @throws {Error} saying what is wrong with it.
 */
export function checkAnswer({ status, headers, body }: HttpAnswer, request: FuzzRequest): readonly string[] {
  if (request.isHttp) checkIdentity(status, headers, request);
  if (status >= 500) expect(status === 503 || status === 507, `status ${status}`);
  if (status === 503 || status === 429) expect(/^\d+$/.test(headers.get('retry-after') ?? ''), 'no Retry-After');
  if (request.method === 'HEAD' || status === 204 || status === 304) return [];
  const type = headers.get('content-type') ?? '';
  if (status === 200 && /^text\/(?:plain|html|css|javascript)|^application\/(?:x-tar|javascript)|^image\//.test(type)) {
    return [];
  }
  expect(/^application\/(?:graphql-response\+)?json; charset=utf-8$/.test(type), `content type '${type}'`);
  const json = parseJson(body, jsonLimits);
  if (isJsonObject(json) && Object.hasOwn(json, 'errors')) return checkGraphqlErrors(json.errors);
  if (status < 400) return [];
  expect(isJsonObject(json) && typeof json.detail === 'string' && json.detail !== '', 'an error without detail');
  return [codeOf(json)];
}

/** GraphQL, section 7.1: the list is not empty, and each has a message. @returns their codes. @throws {Error} saying what is wrong with them. */
export function checkGraphqlErrors(errors: JsonValue | undefined): readonly string[] {
  if (!Array.isArray(errors) || errors.length === 0) throw new Error('errors that are no list');
  return errors.map((error) => {
    if (!isJsonObject(error)) throw new Error('an error that is no object');
    expect(typeof error.message === 'string' && error.message !== '', 'an error without message');
    return codeOf(error.extensions);
  });
}

/** `INTERNAL` is a bug, and `OUTCOME_UNKNOWN` a disk that failed. */
function codeOf(evidence: JsonValue | undefined): string {
  const code = evidence !== undefined && isJsonObject(evidence) ? evidence.code : undefined;
  if (typeof code !== 'string' || !Object.hasOwn(errorMeanings, code)) throw new Error(`code ${JSON.stringify(code)}`);
  expect(code !== 'INTERNAL' && code !== 'OUTCOME_UNKNOWN', `code ${code}`);
  return code;
}

function expect(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise);
}
