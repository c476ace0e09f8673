import type { SeededRandom } from '../fault/seeded-random.ts';
import { graphqlRequest } from './graphql-grammar.ts';
import { anyJson, objectOf, randomText } from './json-grammar.ts';
import { mutateBytes, mutateText } from './mutation.ts';
import { randomPath, randomTable } from './names.ts';

/** A message as a client sends it over a WebSocket. */
export interface LiveMessage {
  readonly bytes: Buffer;
  readonly isBinary: boolean;
}

const sequences = ['0', '1', '5', '100', '-1', '9007199254740991', '9007199254740992', 'null'];

/** A message of graphql-transport-ws, right but for a value here and there, and no message at all now and then. */
export function liveMessage(random: SeededRandom): LiveMessage {
  let text = messageText(random);
  if (random.chance(0.12)) text = mutateText(random, text);
  let bytes: Buffer = Buffer.from(text);
  if (random.chance(0.03)) bytes = mutateBytes(random, bytes);
  // Beyond the greatest message that the server reads.
  if (random.chance(0.003)) bytes = Buffer.concat([bytes, Buffer.alloc(300 * 1024, 0x20)]);
  return { bytes, isBinary: random.chance(0.01) };
}

function messageText(random: SeededRandom): string {
  // Few, so that the same ones come again while they are in use.
  const id = JSON.stringify(random.chance(0.95) ? `${random.below(4)}` : randomText(random));
  switch (random.below(20)) {
    case 0:
      return objectOf(random, { type: '"connection_init"', payload: anyJson(random) });
    case 1:
    case 2:
    case 3:
      return objectOf(random, { id, type: '"complete"' });
    case 4:
      return objectOf(random, { type: JSON.stringify(random.pick(['ping', 'pong'])), payload: anyJson(random) });
    case 5: {
      const type = random.pick([
        'next',
        'error',
        'connection_ack',
        'start',
        'stop',
        'data',
        '__proto__',
        'constructor',
        '',
      ]);
      return objectOf(random, { id, type: JSON.stringify(type), payload: anyJson(random) });
    }
    case 6:
      return anyJson(random);
    default:
      return objectOf(random, { id, type: '"subscribe"', payload: operation(random) });
  }
}

function operation(random: SeededRandom): string {
  if (random.chance(0.03)) return anyJson(random);
  if (random.chance(0.5)) return subscription(random);
  const { body } = graphqlRequest(random);
  return body ?? '{"query":"{ tables { name } }"}';
}

/** The body of a request for changes. */
export function subscription(random: SeededRandom): string {
  const filter = random.chance(0.3)
    ? `, filter: {path: ${JSON.stringify(randomPath(random))}, ${random.pick(['eq', 'gt', 'in', 'exists', 'regex'])}: ${random.pick(['1', '"a"', '[1]', 'true', 'null'])}}`
    : '';
  const epoch = random.chance(0.1) ? `, epoch: ${JSON.stringify(randomText(random))}` : '';
  const table = random.chance(0.6) ? `, table: ${JSON.stringify(randomTable(random))}` : '';
  const selection = `__typename ... on ChangeSet { sequence epoch changes { kind document { id name table body version } before { body } } }
    ... on Progress { sequence } ... on ResyncRequired { oldest newest }`;
  const query = `subscription { changes(after: ${random.pick(sequences)}${table}${filter}${epoch}) { ${selection} } }`;
  return `{"query":${JSON.stringify(query)}}`;
}

/** What is asked of `GET /changes`. */
export function changesPath(random: SeededRandom): string {
  const parameters = {
    since: () => random.pick(sequences),
    follow: () => random.pick(['true', 'false', 'maybe']),
    table_name: () => randomTable(random),
    filter: () => random.pick(['{}', '{"a":1}', '{"$or":[]}', '{', '[]', '{"level":{"$gt":1}}']),
    epoch: () => randomText(random),
  };
  const given = Object.entries(parameters).filter(() => random.chance(0.5));
  return `/changes?${given.map(([name, make]) => `${name}=${encodeURIComponent(make())}`).join('&')}`;
}
