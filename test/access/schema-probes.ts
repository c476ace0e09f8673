import type { Role } from '../../src/database/rights.ts';
import { type Fixture, type Made, own } from './fixture.ts';

/** One way to ask a root field. What the functions return are its arguments. */
export interface Probe {
  /** The least role that it takes on the table that it is about. */
  readonly role: Role;
  /** It names the table. */
  readonly named?: (table: string) => string;
  /** It names a document of the table. */
  readonly by?: (document: Made) => string;
  /** Whether that has to be archived. */
  readonly archived?: boolean;
  /** It is about whatever there is. */
  readonly open?: string;
  /** What makes it succeed on the own table. */
  readonly before?: (fixture: Fixture) => Promise<void>;
}

const transact = (...operations: readonly string[]): string => `(operations: [${operations.join(', ')}])`;
const make = async (fixture: Fixture): Promise<void> => void (await fixture.make(own));

async function withoutIndex(fixture: Fixture): Promise<void> {
  await fixture.make(own);
  await fixture.server.run(fixture.admin, `mutation { dropIndex(table: "${own}", path: "made") }`);
}

async function withIndex(fixture: Fixture): Promise<void> {
  await withoutIndex(fixture);
  await fixture.server.run(fixture.admin, `mutation { createIndex(table: "${own}", path: "made") { state } }`);
}

async function withoutTable({ server, admin }: Fixture): Promise<void> {
  await server.run(admin, `mutation { dropTable(name: "${own}") }`);
}

/** How every root field is asked. One that is not here is not covered, and the walk fails. */
export const probes: Readonly<Record<string, readonly Probe[]>> = {
  'Query.getDocument': [
    { role: 'read', by: ({ id }) => `(id: "${id}")` },
    { role: 'read', by: ({ id }) => `(id: "${id}", version: 1)` },
    { role: 'read', by: ({ id }) => `(id: "${id}", archived: INCLUDE, asOf: {time: "2100-01-01T00:00:00.000Z"})` },
  ],
  'Query.findDocuments': [
    { role: 'read', before: make, named: (table) => `(table: "${table}", archived: INCLUDE)` },
    { role: 'read', open: '' },
    { role: 'read', open: '(archived: INCLUDE, orderBy: [{path: "zqx"}], last: 5)' },
    { role: 'read', open: '(filter: {not: {path: "$table", eq: "orders"}})' },
    { role: 'read', open: '(filter: {or: [{path: "$table", startsWith: "zqx"}, {path: "n", exists: false}]})' },
  ],
  'Query.aggregateDocuments': [
    { role: 'read', named: (table) => `(table: "${table}", measures: [{count: true, as: "n"}])` },
    {
      role: 'read',
      open: '(groupBy: ["$table", "text"], measures: [{count: true, as: "n"}, {max: "$name", as: "x"}])',
    },
  ],
  'Query.table': [{ role: 'read', named: (table) => `(name: "${table}")` }],
  'Query.tables': [{ role: 'read', open: '' }],
  'Query.status': [{ role: 'read', open: '' }],
  'Mutation.createDocument': [{ role: 'write', named: (table) => `(name: "n", table: "${table}", body: {})` }],
  'Mutation.updateDocument': [
    { role: 'write', by: ({ id, version }) => `(id: "${id}", version: ${version}, body: {})` },
    { role: 'write', by: ({ id, version }) => `(id: "${id}", version: ${version}, body: {text: "x"})` },
  ],
  'Mutation.patchDocument': [
    { role: 'write', by: ({ id, version }) => `(id: "${id}", version: ${version}, change: {merge: {a: 1}})` },
    { role: 'write', by: ({ id }) => `(id: "${id}", version: 1, change: {merge: {a: 1}}, rebase: true)` },
    { role: 'write', by: ({ id }) => `(id: "${id}", change: {increment: {count: 1}})` },
  ],
  'Mutation.archiveDocument': [{ role: 'write', by: ({ id }) => `(id: "${id}")` }],
  'Mutation.restoreDocument': [{ role: 'write', archived: true, by: ({ id }) => `(id: "${id}")` }],
  'Mutation.eraseDocument': [{ role: 'admin', by: ({ id, version }) => `(id: "${id}", version: ${version})` }],
  'Mutation.transact': [
    { role: 'write', named: (table) => transact(`{create: {name: "n", table: "${table}", body: {}}}`) },
    { role: 'write', by: ({ id }) => transact(`{update: {id: "${id}", version: 2, body: {}}}`) },
    { role: 'write', by: ({ id }) => transact(`{patch: {id: "${id}", version: 2, change: {merge: {a: 1}}}}`) },
    { role: 'write', by: ({ id }) => transact(`{archive: {id: "${id}"}}`) },
    { role: 'write', archived: true, by: ({ id }) => transact(`{restore: {id: "${id}"}}`) },
    { role: 'admin', by: ({ id }) => transact(`{erase: {id: "${id}", version: 2}}`) },
    { role: 'read', by: ({ id }) => transact(`{assert: {id: "${id}", version: 2}}`) },
    { role: 'read', by: ({ id }) => transact(`{assert: {id: "${id}", exists: true}}`) },
    {
      role: 'write',
      by: ({ id }) => transact(`{create: {name: "n", table: "${own}", body: {}}}`, `{archive: {id: "${id}"}}`),
    },
  ],
  'Mutation.createTable': [{ role: 'admin', before: withoutTable, named: (table) => `(name: "${table}")` }],
  'Mutation.updateTable': [
    { role: 'admin', before: make, named: (table) => `(name: "${table}", settings: {readOnly: false})` },
  ],
  'Mutation.dropTable': [{ role: 'admin', before: make, named: (table) => `(name: "${table}")` }],
  'Mutation.createIndex': [
    { role: 'admin', before: withoutIndex, named: (table) => `(table: "${table}", path: "made")` },
  ],
  'Mutation.dropIndex': [{ role: 'admin', before: withIndex, named: (table) => `(table: "${table}", path: "made")` }],
};
