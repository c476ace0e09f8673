import { pino } from 'pino';
import { expect, test } from 'vitest';
import { engineVariants } from '../../support/engine-variant.ts';
import { forwarding } from '../../support/forwarding-database.ts';
import { send } from '../../support/http-client.ts';
import { startGraphqlServer } from '../graphql-server.ts';

type Line = Readonly<Record<string, unknown>>;

function bug(): never {
  throw new TypeError('a bug');
}

/** Of every value its type alone: identifiers and times differ, and whoever filters a log asks for names. */
function shapeOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value === null ? null : typeof value;
  if (Array.isArray(value)) return value.map(shapeOf);
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, shapeOf(each)]));
}

/** What the log says of these bodies, by one way of execution. */
async function linesOf(execution: 'plans' | 'yoga', bodies: readonly unknown[]): Promise<readonly unknown[]> {
  const lines: Line[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  const [variant] = engineVariants;
  if (variant === undefined) throw new TypeError('there is an engine');
  const server = await startGraphqlServer(variant[1], {
    http: { logger },
    graphql: { execution },
    wrap: (database) => ({ ...forwarding(database), status: bug }),
  });
  lines.length = 0;
  try {
    for (const body of bodies) {
      const before = lines.filter(({ msg }) => msg === 'request').length;
      await send(server.endpoint, { method: 'POST', body });
      await expect.poll(() => lines.filter(({ msg }) => msg === 'request').length).toBe(before + 1);
    }
  } finally {
    await server.close();
  }
  return lines.map((line) => ({ level: line.level, msg: line.msg, shape: shapeOf({ ...line, err: undefined }) }));
}

test('the log says the same of an operation whichever way it is executed: of what is fine, refused, and a bug', async () => {
  const bodies = [
    { query: '{ tables { name } }' },
    { query: '{ __schema { queryType { name } } }' },
    { query: '{ nothing }' },
    { query: '{' },
    { query: 'mutation { archiveDocument(id: "nonsense") { id } }' },
    { query: 'mutation { archiveDocument(id: "0190a000-0000-7000-8000-0000000000aa") { id } }' },
    { query: '{ getDocument(id: "0190a000-0000-7000-8000-0000000000aa") { id } }' },
    { query: '{ status { version } }' },
    'no JSON',
  ];
  const [byPlans, byYoga] = [await linesOf('plans', bodies), await linesOf('yoga', bodies)];
  expect(byPlans).toEqual(byYoga);
  expect(byPlans.length).toBeGreaterThan(bodies.length);
});
