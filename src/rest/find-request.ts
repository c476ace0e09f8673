import { parsePath } from '../document/path.ts';
import { LimitExceededError } from '../errors.ts';
import { everything, type Filter } from '../query/filter.ts';
import type { FindQuery } from '../query/find-query.ts';
import type { PageLimits, QueryLimits } from '../query/limits.ts';
import { parseMongodbFilter } from '../query/mongodb-filter-parser.ts';
import type { Order } from '../query/order.ts';
import { type QueryParameters, wrongParameter } from './query-parameters.ts';
import { expectObject } from './request-shape.ts';

export interface FindRequest {
  readonly query: FindQuery;
  /** The list is to be told from its end. */
  readonly fromEnd: boolean;
  /** All of them when absent. */
  readonly limit: number | undefined;
  readonly offset: number;
}

/**
 * The body says what the fields must be, the parameters say the rest.
 * @throws {LimitExceededError} for a filter or a `limit` above `limits`.
 */
export function parseFind(body: unknown, parameters: QueryParameters, limits: QueryLimits): FindRequest {
  const filter = parseMongodbFilter(expectObject(body, ''), '', limits.filter);
  return parseList(parameters, limits, parameters.text('table_name'), filter);
}

/** A list of a table, or of all when there is none, as the parameters want it. @throws as `parseFind`. */
export function parseList(
  parameters: QueryParameters,
  limits: QueryLimits,
  table: string | undefined,
  filter: Filter = everything,
): FindRequest {
  const { orderBy, fromEnd } = parseOrder(parameters);
  return {
    query: {
      table,
      filter,
      orderBy,
      archived: parameters.boolean('include_archived') ? 'INCLUDE' : 'EXCLUDE',
    },
    fromEnd,
    limit: parseLimit(parameters, limits.page),
    offset: parameters.count('offset') ?? 0,
  };
}

/**
 * Without `sort_by` the order is that of creation, and `desc` is that from its end: the newest first, to the last of those that one
 * commit has created. With it, documents with one value stay in the order of creation either way.
 */
function parseOrder(parameters: QueryParameters): { readonly orderBy: readonly Order[]; readonly fromEnd: boolean } {
  const sortBy = parameters.text('sort_by');
  const given = parameters.text('order') ?? 'asc';
  const order = given.toLowerCase();
  if (order !== 'asc' && order !== 'desc') throw wrongParameter('order', given, 'asc or desc');
  if (sortBy === undefined) return { orderBy: [], fromEnd: order === 'desc' };
  const direction = order === 'asc' ? 'ASC' : 'DESC';
  return { orderBy: [{ path: parsePath(sortBy, 'sort_by'), direction }], fromEnd: false };
}

function parseLimit(parameters: QueryParameters, { pageSizeMax }: PageLimits): number | undefined {
  const limit = parameters.count('limit');
  if (limit === undefined || limit <= pageSizeMax) return limit;
  throw new LimitExceededError(
    `limit is ${limit}: at most ${pageSizeMax} documents a page, or no limit for all of them`,
    {
      limit: pageSizeMax,
      actual: limit,
      path: 'limit',
    },
  );
}
