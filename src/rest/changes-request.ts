import type { ChangesRequest } from '../database/changes.ts';
import { type JsonLimits, parseJson } from '../document/json-parser.ts';
import { DatabaseError, InvalidArgumentError } from '../errors.ts';
import { everything, type Filter } from '../query/filter.ts';
import type { FilterLimits } from '../query/limits.ts';
import { parseMongodbFilter } from '../query/mongodb-filter-parser.ts';
import type { EventPlace } from '../streaming/server-sent-events.ts';
import { type QueryParameters, wrongParameter } from './query-parameters.ts';
import { expectObject } from './request-shape.ts';

export interface RestChangesRequest {
  readonly request: ChangesRequest;
  /** Whether the answer goes on when everything has been told that was committed by then. */
  readonly follow: boolean;
}

/**
 * @param resumeAt where the client left off, as it says when it connects again: goes before what the URL says, which is still that of the first time.
 */
export function parseChangesRequest(
  parameters: QueryParameters,
  resumeAt: EventPlace | undefined,
  jsonLimits: JsonLimits,
  filterLimits: FilterLimits,
): RestChangesRequest {
  const since = parameters.count('since');
  if (since !== undefined && !Number.isSafeInteger(since)) throw wrongParameter('since', String(since), 'a sequence');
  const filter = parameters.text('filter');
  return {
    request: {
      table: parameters.text('table_name'),
      filter: filter === undefined ? everything : parseFilterText(filter, jsonLimits, filterLimits),
      after: resumeAt?.sequence ?? since,
      epoch: resumeAt?.epoch ?? parameters.text('epoch'),
    },
    follow: parameters.text('follow') === undefined || parameters.boolean('follow'),
  };
}

function parseFilterText(text: string, jsonLimits: JsonLimits, filterLimits: FilterLimits): Filter {
  try {
    return parseMongodbFilter(expectObject(parseJson(text, jsonLimits), 'filter'), 'filter', filterLimits);
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.evidence.path === 'filter') throw error;
    throw new InvalidArgumentError(`filter: ${error.message}`, { ...error.evidence, path: 'filter' });
  }
}
