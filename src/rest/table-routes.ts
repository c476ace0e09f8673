import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Database, ReadView } from '../database/database.ts';
import type { Principal } from '../database/principal.ts';
import type { Table } from '../database/table.ts';
import { parsePath } from '../document/path.ts';
import { TableNotFoundError } from '../errors.ts';
import type { QueryLimits } from '../query/limits.ts';
import { sendDocumentList } from './document-list.ts';
import { endpointConfig } from './endpoint-config.ts';
import { parseList } from './find-request.ts';
import { QueryParameters } from './query-parameters.ts';
import { toRestIndex, toRestTable, toRestTableDetails } from './rest-table.ts';
import {
  createIndexEndpoint,
  createTableEndpoint,
  dropIndexEndpoint,
  dropTableEndpoint,
  getTableEndpoint,
  listIndexesEndpoint,
  listTableDocumentsEndpoint,
  listTablesEndpoint,
} from './table-endpoints.ts';
import { parseCreateIndex, parseCreateTable } from './table-requests.ts';

export interface TableRouteOptions {
  readonly database: Database;
  readonly principalOf: (request: FastifyRequest) => Principal;
  readonly queryLimits: QueryLimits;
}

interface TableRoute {
  Params: { table: string };
}
interface IndexRoute {
  Params: { table: string; field: string };
}

/** The predecessor's endpoints for tables and their indexes. */
export function addTableRoutes(
  server: FastifyInstance,
  { database, principalOf, queryLimits }: TableRouteOptions,
): void {
  async function read<Answer>(request: FastifyRequest, from: (view: ReadView) => Promise<Answer>): Promise<Answer> {
    const view = await database.view(principalOf(request));
    try {
      return await from(view);
    } finally {
      view.close();
    }
  }

  server.post('/table/create', { config: endpointConfig(createTableEndpoint) }, async (request) => {
    const { name, settings } = parseCreateTable(request.body);
    return toRestTable(await database.createTable(principalOf(request), name, settings));
  });

  server.get('/table/list', { config: endpointConfig(listTablesEndpoint) }, (request) =>
    read(request, async (view) => (await view.tables()).map(toRestTable)),
  );

  server.get<TableRoute>('/table/:table', { config: endpointConfig(getTableEndpoint) }, (request) =>
    read(request, async (view) => toRestTableDetails(await existing(view, request.params.table))),
  );

  server.delete<TableRoute>('/table/:table', { config: endpointConfig(dropTableEndpoint) }, async (request) => {
    const { table } = request.params;
    await database.dropTable(principalOf(request), table);
    return { status: 'success', message: `Table '${table}' and its documents were deleted` };
  });

  server.get<TableRoute>(
    '/table/:table/documents',
    { config: endpointConfig(listTableDocumentsEndpoint) },
    async (request, reply) => {
      const list = parseList(new QueryParameters(request.url), queryLimits, request.params.table);
      const view = await database.view(principalOf(request));
      try {
        await existing(view, request.params.table);
      } catch (error) {
        view.close();
        throw error;
      }
      return sendDocumentList(reply, view, list) ?? reply;
    },
  );

  server.post<TableRoute>(
    '/table/:table/index/create',
    { config: endpointConfig(createIndexEndpoint) },
    async (request) => {
      const definition = parseCreateIndex(request.params.table, request.body);
      // The engine makes a table that is not there; the predecessor did not.
      await read(request, (view) => existing(view, definition.table));
      const { type, field, created_at } = toRestIndex(await database.createIndex(principalOf(request), definition));
      return { table_name: definition.table, field, index_type: type, created_at };
    },
  );

  server.get<TableRoute>('/table/:table/indexes', { config: endpointConfig(listIndexesEndpoint) }, (request) =>
    read(request, async (view) => {
      const { name, indexes } = await existing(view, request.params.table);
      return { table_name: name, indexes: indexes.map(toRestIndex) };
    }),
  );

  server.delete<IndexRoute>(
    '/table/:table/index/:field',
    { config: endpointConfig(dropIndexEndpoint) },
    async (request) => {
      const { table, field } = request.params;
      // As the list of indexes has it: a comma may stand between two paths, or in one.
      const named = await read(request, async (view) =>
        (await existing(view, table)).indexes.find((index) => toRestIndex(index).field === field),
      );
      const paths = named?.paths ?? field.split(',').map((path) => parsePath(path, 'field'));
      await database.dropIndex(principalOf(request), table, paths);
      return { status: 'success', message: `The index on '${field}' of table '${table}' was deleted` };
    },
  );
}

async function existing(view: ReadView, name: string): Promise<Table> {
  const table = await view.table(name);
  if (table === null) throw new TableNotFoundError(name);
  return table;
}
