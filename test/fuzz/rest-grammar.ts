import type { SeededRandom } from '../fault/seeded-random.ts';
import { anyJson, exactObject, objectOf, randomText, repeated } from './json-grammar.ts';
import { randomId, randomPath, randomPattern, randomTable, randomVersion } from './names.ts';
import type { RequestDraft } from './request-draft.ts';

type Route = readonly [method: string, path: (random: SeededRandom) => string, body?: (random: SeededRandom) => string];

const quoted = JSON.stringify;
const segment = (text: string) => encodeURIComponent(text);
const list = (random: SeededRandom, most: number, make: (random: SeededRandom) => string) =>
  `[${repeated(random, most, () => make(random)).join(',')}]`;

/** Every endpoint; those that come twice are asked twice as often. */
const routes: readonly Route[] = [
  ['POST', () => '/document/create', createBody],
  ['POST', () => '/document/create', createBody],
  ['POST', () => '/document/batch/create', (random) => list(random, 5, createBody)],
  ['GET', (random) => `/document/get/${segment(randomId(random))}`],
  ['GET', (random) => `/document/get/${segment(randomId(random))}`],
  ['PUT', (random) => `/document/update/${segment(randomId(random))}`, updateBody],
  ['PUT', (random) => `/document/archive/${segment(randomId(random))}`],
  ['POST', () => '/document/transaction', transactionBody],
  ['POST', () => '/document/transaction', transactionBody],
  ['POST', () => '/document/transaction', transactionBody],
  ['POST', (random) => `/document/find${listQuery(random)}`, (random) => filter(random, 3)],
  ['POST', (random) => `/document/find${listQuery(random)}`, (random) => filter(random, 3)],
  ['POST', () => '/document/combine', combineBody],
  ['POST', () => '/table/create', tableBody],
  ['GET', () => '/table/list'],
  ['GET', (random) => `/table/${segment(randomTable(random))}`],
  ['DELETE', (random) => `/table/${segment(random.chance(0.1) ? randomTable(random) : 'notes')}`],
  ['GET', (random) => `/table/${segment(randomTable(random))}/documents${listQuery(random)}`],
  ['POST', (random) => `/table/${segment(randomTable(random))}/index/create`, indexBody],
  ['GET', (random) => `/table/${segment(randomTable(random))}/indexes`],
  ['DELETE', (random) => `/table/${segment(randomTable(random))}/index/${segment(randomPath(random))}`],
  ['DELETE', () => '/system/self-destruct', () => '{"verification_phrase":"BDaray","safety_pin":1,"confirm":true}'],
  ['GET', () => '/ping'],
  ['GET', () => '/livez'],
  ['GET', () => '/readyz'],
  // Prometheus asks for metrics twice a minute, not thousands of times.
  ['GET', (random) => (random.chance(0.95) ? '/readyz?verbose' : '/metrics')],
  ['GET', () => '/'],
];

/** A request to a REST endpoint, right but for a value here and there. */
export function restRequest(random: SeededRandom): RequestDraft {
  const [method, path, body] = random.pick(routes);
  if (random.chance(0.01)) return preflight(method, path(random));
  const headers: Record<string, string> = {};
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (body !== undefined && random.chance(0.1)) headers['idempotency-key'] = `key-${random.below(200)}`;
  return { method, path: path(random), headers, ...(body !== undefined && { body: body(random) }) };
}

/** What a browser asks before a page of another origin may. */
function preflight(method: string, path: string): RequestDraft {
  return {
    method: 'OPTIONS',
    path,
    headers: { origin: 'https://studio.example', 'access-control-request-method': method },
  };
}

function createBody(random: SeededRandom): string {
  return objectOf(random, {
    name: quoted(randomText(random)),
    ...(random.chance(0.5) && { table_name: quoted(randomTable(random)) }),
    body: random.chance(0.95) ? exactObject(random) : anyJson(random),
  });
}

function updateBody(random: SeededRandom): string {
  return objectOf(random, { version: randomVersion(random), body: exactObject(random) });
}

function transactionBody(random: SeededRandom): string {
  return objectOf(random, {
    operations: list(random, 4, operation),
    ...(random.chance(0.2) && { dry_run: random.pick(['true', 'false', 'null']) }),
  });
}

function operation(random: SeededRandom): string {
  const op = random.pick(['create', 'create', 'update', 'patch', 'archive', 'restore', 'erase', 'assert']);
  return objectOf(random, {
    op: quoted(op),
    doc_id: quoted(randomId(random)),
    ...(op !== 'create' && random.chance(0.7) && { version: randomVersion(random) }),
    ...(op === 'create' && { name: quoted(randomText(random)), table_name: quoted(randomTable(random)) }),
    ...((op === 'create' || op === 'update') && { body: exactObject(random, 2) }),
    ...(op === 'patch' && { change: change(random), rebase: random.pick(['true', 'false']) }),
    ...(op === 'assert' && random.chance(0.5) && { exists: random.pick(['true', 'false']) }),
  });
}

/** Of `patchDocument`, too. */
export function change(random: SeededRandom): string {
  const pointer = () => quoted(`/${randomPath(random).replaceAll('.', '/')}`);
  const step = () =>
    objectOf(random, {
      op: quoted(random.pick(['add', 'remove', 'replace', 'move', 'copy', 'test'])),
      path: pointer(),
      from: pointer(),
      value: anyJson(random),
    });
  return random.pick([
    () => `{"merge":${exactObject(random)}}`,
    () => `{"patch":[${repeated(random, 4, step).join(',')}]}`,
    () =>
      `{"increment":{${quoted(randomPath(random))}:${random.pick(['1', '-1', '0.5', '1e308', '9007199254740993', '"1"'])}}}`,
  ])();
}

function combineBody(random: SeededRandom): string {
  return objectOf(random, {
    name: quoted(randomText(random)),
    document_ids: list(random, 3, () => quoted(randomId(random))),
    merge_strategy: quoted(random.pick(['overwrite', 'append', 'preserve', 'namespace', '__proto__'])),
  });
}

function tableBody(random: SeededRandom): string {
  return objectOf(random, {
    name: quoted(randomTable(random)),
    mode: quoted(random.pick(['free', 'strict'])),
    schema_definition: schema(random),
    ...(random.chance(0.2) && { unique_fields: list(random, 2, () => quoted(randomPath(random))) }),
    ...(random.chance(0.2) && { read_only: random.pick(['true', 'false']) }),
  });
}

/** A JSON Schema, of which many documents fit. */
export function schema(random: SeededRandom): string {
  const type = () => quoted(random.pick(['string', 'number', 'integer', 'object', 'array', 'null', 'nothing']));
  const property = () => `${quoted(randomText(random))}:{"type":${type()}}`;
  return objectOf(random, {
    type: '"object"',
    properties: `{${[...new Set(repeated(random, 3, property))].join(',')}}`,
    ...(random.chance(0.3) && { required: list(random, 2, () => quoted(randomText(random))) }),
    ...(random.chance(0.2) && { pattern: quoted(randomPattern(random)) }),
    ...(random.chance(0.1) && { $ref: quoted(random.pick(['#', '#/$defs/a', 'http://example.com/x', '../../x'])) }),
    additionalProperties: 'true',
  });
}

function indexBody(random: SeededRandom): string {
  return objectOf(random, { field: quoted(randomPath(random)), index_type: quoted(random.pick(['hash', 'btree'])) });
}

function listQuery(random: SeededRandom): string {
  const parameters = {
    table_name: () => randomTable(random),
    include_archived: () => random.pick(['true', 'false', '1', 'maybe']),
    sort_by: () => randomPath(random),
    order: () => random.pick(['asc', 'desc', 'DESC', 'up']),
    offset: () => random.pick(['0', '1', '10', '-1', '1e3', '99999999999999999999']),
  };
  const given = Object.entries(parameters).filter(() => random.chance(0.25));
  const limit = random.pick(['1', '5', '20', '1000', '1001', '0', '-1', 'x', '']);
  return `?limit=${limit}${given.map(([name, make]) => `&${name}=${segment(make())}`).join('')}`;
}

function filter(random: SeededRandom, depth: number): string {
  const members = repeated(random, 3, () => {
    if (depth > 0 && random.chance(0.2)) {
      return `${quoted(random.pick(['$and', '$or', '$nor']))}:${list(random, 3, () => filter(random, depth - 1))}`;
    }
    return `${quoted(randomPath(random))}:${random.chance(0.4) ? anyJson(random) : operators(random, depth)}`;
  });
  return `{${members.join(',')}}`;
}

function operators(random: SeededRandom, depth: number): string {
  const values = () => list(random, 3, () => anyJson(random, 1));
  const known: Readonly<Record<string, () => string>> = {
    $eq: () => anyJson(random),
    $ne: () => anyJson(random),
    $gt: () => anyJson(random, 1),
    $gte: () => anyJson(random, 1),
    $lt: () => anyJson(random, 1),
    $in: values,
    $nin: values,
    $all: values,
    $exists: () => random.pick(['true', 'false', '1']),
    $type: () => quoted(random.pick(['string', 'number', 'object', 'array', 'null', 'date'])),
    $regex: () => quoted(randomPattern(random)),
    $size: () => random.pick(['0', '2', '-1', '1.5']),
    $mod: () => random.pick(['[4,0]', '[0,0]', '[4,-1]', '[4]', '[1e308,1]']),
    $not: () => (depth > 0 ? operators(random, depth - 1) : '{}'),
    $elemMatch: () => (depth > 0 ? filter(random, depth - 1) : '{}'),
    $where: () => '"sleep(1000)"',
  };
  const names = [...new Set(repeated(random, 2, () => random.pick(Object.keys(known))))];
  return `{${names.map((name) => `${quoted(name)}:${known[name]?.() ?? 'null'}`).join(',')}}`;
}
