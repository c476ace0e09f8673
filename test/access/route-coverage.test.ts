import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { roles } from '../../src/database/rights.ts';
import { absent, Fixture, foreign, leaksIn, own } from './fixture.ts';
import { ProtectedServer } from './protected-server.ts';
import { type RouteProbe, routeProbes } from './route-probes.ts';

const uuid = /[\da-f]{8}-[\da-f-]{27}/g;

/** A HEAD would do all that a GET does, and throw it away. */
const headless = new Set(['GET /system/backup', 'GET /changes']);

describe('every route', () => {
  let server: ProtectedServer;
  let fixture: Fixture;

  beforeAll(async () => {
    server = await ProtectedServer.start(['--auth', 'required', '--auth-failures-max', '10000']);
    fixture = await Fixture.over(server);
  });

  afterAll(() => server[Symbol.asyncDispose]());

  function* walk<Kind extends RouteProbe['kind']>(kind: Kind) {
    for (const [route, probe] of Object.entries(routeProbes)) {
      if (probe.kind === kind) yield [route, probe as Extract<RouteProbe, { readonly kind: Kind }>] as const;
    }
  }

  test('has a probe, and no probe is of one that is not there', () => {
    const routes = server.app.routes().filter((route) => !/^(HEAD|OPTIONS) /.test(route));
    expect(routes).toEqual(Object.keys(routeProbes).sort());
  });

  test('gives nothing without a token, and with one that is none, but for those that are open', async () => {
    for (const [route, probe] of Object.entries(routeProbes)) {
      const request = typeof probe.request === 'function' ? await probe.request(fixture, own) : probe.request;
      for (const token of [null, 'yara_nonsense']) {
        const { status, headers, text } = await server.ask(token, ...request);
        expect([route, status, headers['www-authenticate']]).toEqual(
          probe.kind === 'open'
            ? [route, 200, undefined]
            : [route, 401, token === null ? 'Bearer realm="yaradb"' : 'Bearer realm="yaradb", error="invalid_token"'],
        );
        expect([route, leaksIn(text, false)]).toEqual([route, []]);
        if (request[1]?.method === undefined) {
          const head = await server.ask(token, request[0], { method: 'HEAD' });
          expect([route, head.status]).toEqual([route, headless.has(route) ? 405 : status]);
        }
      }
    }
  });

  test('that takes any role answers each, and tells nothing of what it may not read', async () => {
    for (const [route, { request }] of walk('anyRole')) {
      for (const role of [...roles, 'elsewhere'] as const) {
        const { status, text } = await server.ask(fixture.tokens[role], ...request);
        expect([route, role, status, leaksIn(text, false)]).toEqual([route, role, 200, []]);
      }
    }
  });

  test('for operators is FORBIDDEN for all but who is admin of everything', async () => {
    const tokens = [
      ...Object.values(fixture.tokens),
      await server.token('write'),
      await server.token('read', 'admin:a'),
    ];
    const before = await fixture.foreignState();
    for (const [route, { request }] of walk('operator')) {
      for (const token of tokens) {
        const { status, code } = await server.ask(token, ...request());
        expect([route, status, code]).toEqual([route, 403, 'FORBIDDEN']);
      }
      const { status } = await server.ask(await server.token('admin'), ...request());
      expect([route, status]).toEqual([route, expect.toBeOneOf([200, 400, 404])]);
    }
    expect(await fixture.foreignState()).toBe(before);
  });

  test('of a table does what it should for the role that it takes, and is FORBIDDEN for the one below', async () => {
    for (const [route, { role, request, before }] of walk('table')) {
      await before?.(fixture);
      const below = roles[roles.indexOf(role) - 1];
      if (below !== undefined && route !== 'POST /document/combine') {
        const { status, code } = await server.ask(fixture.tokens[below], ...(await request(fixture, own)));
        expect([route, status, code]).toEqual([route, 403, 'FORBIDDEN']);
      }
      // What combine makes goes into the default table.
      const token =
        route === 'POST /document/combine' ? await server.token(`read:${own}`, 'write:default') : fixture.tokens[role];
      const answer = await server.ask(token, ...(await request(fixture, own)));
      expect([route, answer.text, answer.status]).toEqual([route, answer.text, 200]);
    }
  });

  test.each(roles)('tells nothing of another table, and does nothing to it, for the role %s on ours', async (role) => {
    const token = await server.token(`${role}:${own}`, 'write:default');
    for (const [route, { request }] of walk('table')) {
      const about = await request(fixture, foreign);
      const before = await fixture.foreignState();
      const { status, text, code } = await server.ask(token, ...about);
      expect([route, code, leaksIn(text, true)]).toEqual([route, expect.toBeOneOf(['FORBIDDEN', 'NOT_FOUND']), []]);
      // The same as if there was none: neither the table nor the document.
      const [path, question] = about;
      const replaced = (value: string): string =>
        value.replaceAll(uuid, '00000000-0000-4000-8000-000000000000').replaceAll(foreign, absent);
      const body = question?.body === undefined ? undefined : JSON.parse(replaced(JSON.stringify(question.body)));
      const other = await server.ask(token, replaced(path), { ...question, body });
      expect([route, status, replaced(text)]).toEqual([route, other.status, other.text]);
      expect(await fixture.foreignState()).toBe(before);
    }
  });
});
