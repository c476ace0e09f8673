import { canonicalize } from '../../src/document/canonical-json.ts';
import { isJsonObject, type JsonValue } from '../../src/document/json.ts';
import { parseJson } from '../../src/document/json-parser.ts';
import { SeededRandom } from '../fault/seeded-random.ts';
import { send } from '../support/http-client.ts';
import { exactObject } from './json-grammar.ts';

/** In a table that no other request knows of, and which is dropped only with all the others. */
const table = 'kept for the model';

/**
 * Creates a document through one door and reads it through both: it must be what was sent, with what belongs to it.
 * @throws {Error} when it is not.
 */
export async function checkDocumentIsKept(url: string, seed: number, index: number): Promise<void> {
  const random = new SeededRandom(seed ^ Math.imul(index, 0x85ebca6b));
  const body = exactObject(random, 4);
  const created = random.chance(0.5) ? await createByRest(url, body) : await createByGraphql(url, body);
  const byRest = await answered(send(`${url}/document/get/${created}`));
  const query = 'query ($id: ID!) { getDocument(id: $id) { body version table } }';
  const byGraphql = await answered(graphql(url, query, `{"id":"${created}"}`));
  const expected = canonicalize(parseJson(body));
  for (const found of [at(byRest, 'body'), at(byGraphql, 'data', 'getDocument', 'body')]) {
    const actual = found === undefined ? 'nothing' : canonicalize(found);
    if (actual !== expected) throw new Error(`sent ${expected}, read ${actual}`);
  }
  if (at(byRest, 'version') !== 1 || at(byGraphql, 'data', 'getDocument', 'table') !== table) {
    throw new Error(`read ${canonicalize(byRest)} and ${canonicalize(byGraphql)}`);
  }
}

async function createByRest(url: string, body: string): Promise<JsonValue | undefined> {
  const request = `{"table_name":${JSON.stringify(table)},"body":${body}}`;
  return at(await answered(send(`${url}/document/create`, { method: 'POST', body: request })), '_id');
}

async function createByGraphql(url: string, body: string): Promise<JsonValue | undefined> {
  const query = `mutation ($body: JSON!) { createDocument(name: "n", table: ${JSON.stringify(table)}, body: $body) { id } }`;
  return at(await answered(graphql(url, query, `{"body":${body}}`)), 'data', 'createDocument', 'id');
}

function graphql(url: string, query: string, variables: string): ReturnType<typeof send> {
  return send(`${url}/graphql`, {
    method: 'POST',
    body: `{"query":${JSON.stringify(query)},"variables":${variables}}`,
  });
}

async function answered(sent: ReturnType<typeof send>): Promise<JsonValue> {
  return parseJson((await sent).text);
}

function at(value: JsonValue | undefined, ...keys: readonly string[]): JsonValue | undefined {
  let current = value;
  for (const key of keys) current = current !== undefined && isJsonObject(current) ? current[key] : undefined;
  return current;
}
