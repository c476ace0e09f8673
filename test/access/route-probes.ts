import type { Role } from '../../src/database/rights.ts';
import type { HttpQuestion } from '../support/http-client.ts';
import { type Fixture, own } from './fixture.ts';

/** A request: the path, and what goes with it. */
export type Request = readonly [path: string, question?: HttpQuestion];

/** How a route is asked. */
export type RouteProbe =
  /** Answered to all, for it tells nothing of the data. */
  | { readonly kind: 'open'; readonly request: Request }
  /** Takes whatever role there is: it tells nothing of the data, or the walk of the schema is about it. */
  | { readonly kind: 'anyRole'; readonly request: Request }
  /** Takes the role `admin` on all tables. */
  | { readonly kind: 'operator'; readonly request: () => Request }
  /** Is about a table, or a document of one. */
  | {
      readonly kind: 'table';
      readonly role: Role;
      readonly request: (fixture: Fixture, table: string) => Promise<Request>;
      readonly before?: (fixture: Fixture) => Promise<void>;
    };

const post = (body: unknown): HttpQuestion => ({ method: 'POST', body });

const aboutTable = (role: Role, request: (table: string) => Request, before = make): RouteProbe => ({
  kind: 'table',
  role,
  before,
  request: async (_fixture, table) => request(table),
});

const aboutDocument = (role: Role, request: (id: string) => Request): RouteProbe => ({
  kind: 'table',
  role,
  request: async (fixture, table) => request((await fixture.make(table)).id),
});

async function make(fixture: Fixture): Promise<void> {
  await fixture.make(own);
}

async function dropIndex({ server, admin }: Fixture): Promise<void> {
  await server.run(admin, `mutation { dropIndex(table: "${own}", path: "made") }`);
}

async function makeIndex({ server, admin }: Fixture): Promise<void> {
  await server.run(admin, `mutation { createIndex(table: "${own}", path: "made") { state } }`);
}

async function dropTable({ server, admin }: Fixture): Promise<void> {
  await server.run(admin, `mutation { dropTable(name: "${own}") }`);
}

const year = new Date().getUTCFullYear() + 1;
const selfDestruct = { verification_phrase: 'wrong', safety_pin: year, confirm: true };
const graphql = '/graphql?query=%7Bstatus%7Bversion%7D%7D';

/** How every route is asked. One that is not here is not covered, and the walk fails. */
export const routeProbes: Readonly<Record<string, RouteProbe>> = {
  'GET /ping': { kind: 'open', request: ['/ping'] },
  'GET /openapi.json': { kind: 'open', request: ['/openapi.json'] },
  'GET /docs': { kind: 'open', request: ['/docs'] },
  'GET /livez': { kind: 'open', request: ['/livez'] },
  'GET /readyz': { kind: 'open', request: ['/readyz'] },
  'GET /metrics': { kind: 'anyRole', request: ['/metrics'] },
  'GET /': { kind: 'anyRole', request: ['/'] },
  'GET /graphql': { kind: 'anyRole', request: [graphql] },
  'POST /graphql': { kind: 'anyRole', request: ['/graphql', post({ query: '{ status { version } }' })] },
  'GET /table/list': { kind: 'anyRole', request: ['/table/list'] },
  'POST /document/find': { kind: 'anyRole', request: ['/document/find', post({})] },
  'GET /system/backup': { kind: 'operator', request: () => ['/system/backup'] },
  'POST /system/snapshot': { kind: 'operator', request: () => ['/system/snapshot', { method: 'POST' }] },
  'POST /system/compact': { kind: 'operator', request: () => ['/system/compact', { method: 'POST' }] },
  'GET /system/tokens': { kind: 'operator', request: () => ['/system/tokens'] },
  'POST /system/tokens': { kind: 'operator', request: () => ['/system/tokens', post({ roles: ['read:none'] })] },
  'POST /system/tokens/prune': { kind: 'operator', request: () => ['/system/tokens/prune', { method: 'POST' }] },
  'DELETE /system/tokens/:id': {
    kind: 'operator',
    request: () => ['/system/tokens/000000000000', { method: 'DELETE' }],
  },
  'DELETE /system/self-destruct': {
    kind: 'operator',
    request: () => ['/system/self-destruct', { method: 'DELETE', body: selfDestruct }],
  },
  'GET /changes': aboutTable('read', (table) => [`/changes?follow=false&since=0&table_name=${table}`]),
  'GET /document/get/:id': aboutDocument('read', (id) => [`/document/get/${id}`]),
  'PUT /document/update/:id': aboutDocument('write', (id) => [
    `/document/update/${id}`,
    { method: 'PUT', body: { version: 2, body: {} } },
  ]),
  'PUT /document/archive/:id': aboutDocument('write', (id) => [`/document/archive/${id}`, { method: 'PUT' }]),
  'POST /document/create': aboutTable('write', (table) => ['/document/create', post({ table_name: table, body: {} })]),
  'POST /document/batch/create': aboutTable('write', (table) => [
    '/document/batch/create',
    post([
      { table_name: own, body: {} },
      { table_name: table, body: {} },
    ]),
  ]),
  'POST /document/transaction': aboutTable('write', (table) => [
    '/document/transaction',
    post({ operations: [{ op: 'create', table_name: table, body: {} }] }),
  ]),
  'POST /document/combine': aboutDocument('write', (id) => [
    '/document/combine',
    post({ name: 'combined', document_ids: [id], merge_strategy: 'overwrite' }),
  ]),
  'POST /table/create': aboutTable('admin', (table) => ['/table/create', post({ name: table })], dropTable),
  'GET /table/:table': aboutTable('read', (table) => [`/table/${table}`]),
  'DELETE /table/:table': aboutTable('admin', (table) => [`/table/${table}`, { method: 'DELETE' }]),
  'GET /table/:table/documents': aboutTable('read', (table) => [`/table/${table}/documents`]),
  'GET /table/:table/indexes': aboutTable('read', (table) => [`/table/${table}/indexes`]),
  'POST /table/:table/index/create': aboutTable(
    'admin',
    (table) => [`/table/${table}/index/create`, post({ field: 'made' })],
    async (fixture) => {
      await make(fixture);
      await dropIndex(fixture);
    },
  ),
  'DELETE /table/:table/index/:field': aboutTable(
    'admin',
    (table) => [`/table/${table}/index/made`, { method: 'DELETE' }],
    async (fixture) => {
      await make(fixture);
      await makeIndex(fixture);
    },
  ),
};
