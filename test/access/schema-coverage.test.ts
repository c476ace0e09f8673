import { buildClientSchema, type GraphQLObjectType, type GraphQLSchema, getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { roles } from '../../src/database/rights.ts';
import { absent, expectData, Fixture, foreign, leaksIn, type Made, own } from './fixture.ts';
import { ProtectedServer } from './protected-server.ts';
import { type Probe, probes } from './schema-probes.ts';
import { wholeSelection } from './whole-selection.ts';

interface Field {
  readonly name: string;
  /** An operation that asks it, with all that can be asked of what it gives. */
  readonly ask: (args: string) => string;
}

const nobody = '00000000-0000-4000-8000-000000000000';

/** What is asked beside each field of a query: introspection takes it the long way, through Yoga. */
const ways = [
  ['by a plan', ''],
  ['by Yoga', '__schema { queryType { name } }'],
] as const;

describe.each(ways)('every root field of the schema, answered %s,', (_way, beside) => {
  let server: ProtectedServer;
  let fixture: Fixture;
  let fields: readonly Field[];

  beforeAll(async () => {
    server = await ProtectedServer.start(['--auth', 'required', '--auth-failures-max', '10000']);
    fixture = await Fixture.over(server);
    const schema = buildClientSchema(expectData(await server.run(fixture.admin, getIntrospectionQuery())) as never);
    fields = [schema.getQueryType(), schema.getMutationType()].flatMap((type) => fieldsOf(schema, type, beside));
    // `changes.test.ts` walks these: they take other transports.
    expect(Object.keys(schema.getSubscriptionType()?.getFields() ?? {})).toEqual(['changes']);
  });

  afterAll(() => server[Symbol.asyncDispose]());

  function* walk(): Generator<readonly [field: Field, probe: Probe]> {
    for (const field of fields) for (const probe of probes[field.name] ?? []) yield [field, probe];
  }

  const made = (probe: Probe, table: string): Promise<Made> =>
    probe.archived === true ? fixture.archived(table) : fixture.make(table);

  /** The arguments when it is about our own table. */
  async function ownArguments(probe: Probe): Promise<string> {
    await probe.before?.(fixture);
    return probe.open ?? probe.named?.(own) ?? probe.by?.(await made(probe, own)) ?? '';
  }

  test('has a probe, and no probe is of one that is not there', () => {
    expect(fields.map(({ name }) => name).sort()).toEqual(Object.keys(probes).sort());
  });

  test('gives nothing without a token, and with one that is none', async () => {
    for (const [{ ask }, probe] of walk()) {
      const query = ask(await ownArguments(probe));
      for (const token of [null, 'yara_nonsense']) {
        const { status, code, json } = await server.run(token, query);
        expect([query, status, code, Object.keys(json as object)]).toEqual([query, 401, 'UNAUTHENTICATED', ['errors']]);
      }
    }
  });

  test('does what it should for the role that it takes, and is FORBIDDEN for the one below', async () => {
    for (const [{ ask }, probe] of walk()) {
      const query = ask(await ownArguments(probe));
      const below = roles[roles.indexOf(probe.role) - 1];
      if (below !== undefined) {
        const refused = await server.run(fixture.tokens[below], query);
        expect([query, refused.code]).toEqual([query, 'FORBIDDEN']);
      }
      const { text, code } = await server.run(fixture.tokens[probe.role], query);
      expect([query, code, text]).toEqual([query, undefined, text]);
    }
  });

  test.each(roles)('tells nothing of another table, and does nothing to it, for the role %s on ours', async (role) => {
    const token = fixture.tokens[role];
    for (const [{ ask }, probe] of walk()) {
      const document = probe.by === undefined ? undefined : await made(probe, foreign);
      const before = await fixture.foreignState();
      if (probe.open !== undefined) {
        const { text, code } = await server.run(token, ask(probe.open));
        expect([ask(probe.open), code, leaksIn(text, false)]).toEqual([ask(probe.open), undefined, []]);
      }
      if (probe.named !== undefined) {
        const { text, code } = await server.run(token, ask(probe.named(foreign)));
        const other = await server.run(token, ask(probe.named(absent)));
        expect([text, code, leaksIn(text, true)]).toEqual([other.text.replaceAll(absent, foreign), 'FORBIDDEN', []]);
      }
      if (probe.by !== undefined && document !== undefined) {
        const { text } = await server.run(token, ask(probe.by(document)));
        const other = await server.run(token, ask(probe.by({ ...document, id: nobody })));
        const told = other.text.replaceAll(nobody, document.id);
        expect([withoutTimes(text), leaksIn(text, false)]).toEqual([withoutTimes(told), []]);
      }
      expect(await fixture.foreignState()).toBe(before);
    }
  });

  // What is counted leaks no text, so an answer must not differ by what is in a table that may not be read.
  test.each([[`read:${own}`], [`admin:${own}`, 'write:customers']])(
    'answers %s %s the same whatever is in another table',
    async (...given) => {
      const token = await server.token(...given);
      await fixture.make(own);
      for (const [{ ask }, { open }] of walk()) {
        if (open === undefined) continue;
        const before = await server.run(token, ask(open));
        await fixture.archived(foreign);
        const behind = await server.run(token, ask(open));
        expect([ask(open), before.code, comparable(behind.text)]).toEqual([
          ask(open),
          undefined,
          comparable(before.text),
        ]);
      }
    },
  );
});

function fieldsOf(schema: GraphQLSchema, type: GraphQLObjectType | null | undefined, beside: string): readonly Field[] {
  const isQuery = type === schema.getQueryType();
  const kind = String(type).toLowerCase();
  const directive = isQuery ? '@explain' : '';
  return Object.values(type?.getFields() ?? {}).map((field) => ({
    name: `${type}.${field.name}`,
    ask: (args) =>
      `${kind} ${directive} { ${field.name}${args} ${wholeSelection(schema, field.type, 2)} ${isQuery ? beside : ''} }`,
  }));
}

/** Without what tells of the server as a whole: how many commits there were, how much memory and disk is in use. */
function comparable(text: string): string {
  return withoutTimes(text).replace(/"(sequence|uptimeSeconds|memoryBytes|bytes)":\d+/g, '"$1":0');
}

/** How long a query took differs by itself. */
function withoutTimes(text: string): string {
  return text.replace(/"milliseconds":[\d.e-]+/g, '"milliseconds":0');
}
