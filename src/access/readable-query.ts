import type { Principal } from '../database/principal.ts';
import { parsePath } from '../document/path.ts';
import type { Filter } from '../query/filter.ts';
import { requireOnTable } from './requirements.ts';

/** Whatever is asked of one table, or of all. */
export interface TableQuery {
  readonly table?: string | undefined;
  readonly filter: Filter;
}

const tablePath = parsePath('$table', 'table');

/**
 * The query, of what may be read, for somebody who may read some tables and not all.
 * @throws {ForbiddenError} when it names a table that may not be read.
 */
export function narrowedToReadable<Query extends TableQuery>(principal: Principal, query: Query): Query {
  if (query.table !== undefined) {
    requireOnTable(principal, 'read', query.table);
    return query;
  }
  const names = [...principal.rights.tables.keys()];
  // A query of one table is planned as such; the planner leaves out tables that no document of can fit, too.
  if (names.length === 1) return { ...query, table: names[0] };
  const own: Filter = { kind: 'in', path: tablePath, values: names };
  return { ...query, filter: { kind: 'and', filters: [own, query.filter] } };
}
