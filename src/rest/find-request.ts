import { isJsonObject, type JsonObject } from '../document/json.ts';
import { escapeKey, parsePath } from '../document/path.ts';
import { InvalidArgumentError, LimitExceededError } from '../errors.ts';
import type { FindQuery } from '../query/find-query.ts';
import { parseMatch } from '../query/match-parser.ts';
import type { Order } from '../query/order.ts';
import { type QueryParameters, wrongParameter } from './query-parameters.ts';
import { expectObject } from './request-shape.ts';

export interface FindRequest {
  readonly query: FindQuery;
  /** All of them when absent. */
  readonly limit: number | undefined;
  readonly offset: number;
}

/**
 * The body says what the fields must be, the parameters say the rest.
 * @throws {LimitExceededError} for a `limit` above `pageSizeMax`.
 */
export function parseFind(body: unknown, parameters: QueryParameters, pageSizeMax: number): FindRequest {
  const match = expectObject(body, '');
  refuseOperators(match);
  return {
    query: {
      table: parameters.text('table_name'),
      filter: parseMatch(match, ''),
      orderBy: parseOrder(parameters),
      archived: parameters.boolean('include_archived') ? 'INCLUDE' : 'EXCLUDE',
    },
    limit: parseLimit(parameters, pageSizeMax),
    offset: parameters.count('offset') ?? 0,
  };
}

/**
 * `$` at the beginning of a key is reserved for operators, at the top level and in the object that a field is compared
 * with. Deeper in, and in what documents hold, such a key is data.
 */
function refuseOperators(match: JsonObject): void {
  for (const [field, value] of Object.entries(match)) {
    if (field.startsWith('$')) throw unknownOperator(field, escapeKey(field));
    const operator = isJsonObject(value) ? Object.keys(value).find((key) => key.startsWith('$')) : undefined;
    if (operator !== undefined) throw unknownOperator(operator, `${escapeKey(field)}.${escapeKey(operator)}`);
  }
}

function unknownOperator(operator: string, path: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `Unknown operator '${operator}': a key that begins with $ names an operator, and none of that name is known`,
    { path, expected: 'values that fields are equal to' },
  );
}

/** Without `sort_by` the order is that of creation, `desc` the newest first. */
function parseOrder(parameters: QueryParameters): readonly Order[] {
  const sortBy = parameters.text('sort_by');
  const given = parameters.text('order') ?? 'asc';
  const order = given.toLowerCase();
  if (order !== 'asc' && order !== 'desc') throw wrongParameter('order', given, 'asc or desc');
  if (sortBy === undefined) {
    return order === 'asc' ? [] : [{ path: parsePath('$createdAt', 'order'), direction: 'DESC' }];
  }
  return [{ path: parsePath(sortBy, 'sort_by'), direction: order === 'asc' ? 'ASC' : 'DESC' }];
}

function parseLimit(parameters: QueryParameters, pageSizeMax: number): number | undefined {
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
