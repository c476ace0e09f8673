import type { DocumentPage } from '../../database/database.ts';
import type { Document } from '../../document/document.ts';
import type { PageRequest } from '../../query/find-query.ts';
import { pageSizeDefault } from '../../query/limits.ts';
import { PageCollector } from '../../query/page.ts';
import type { Purpose } from '../plan/planner.ts';
import type { QueryExecution } from './query-execution.ts';

/** So many documents of a page and its offset are kept sorted as they come; of more, all that fit are sorted, in slices. */
const topDocumentsMax = 2_000;

/** What a query is for that is to find a page. */
export function purposeOf(request: PageRequest): Purpose {
  const documents = (request.offset ?? 0) + (request.last ?? request.first ?? pageSizeDefault) + 1;
  return documents > topDocumentsMax ? { kind: 'all' } : { kind: 'page', documents };
}

/** @throws {InvalidArgumentError} for a cursor that is none, or one of another order. */
export async function findPage(execution: QueryExecution, request: PageRequest): Promise<DocumentPage> {
  const { orderBy } = execution.query;
  const { order } = execution.plan;
  const fromEnd = request.last !== undefined;
  const comesInOrder = order !== 'top';
  const collector = new PageCollector(
    orderBy,
    request,
    comesInOrder ? (fromEnd ? 'reversed' : 'ordered') : 'unordered',
  );
  const take = (document: Document) => {
    collector.add(document);
    return collector.complete;
  };
  if (order === 'sort') {
    const sorted = await execution.sorted();
    const { steps } = execution.context.scanTurns;
    for (let index = 0; index < sorted.size && !collector.complete; index++) {
      if (index % steps === 0) await execution.turn();
      collector.add(sorted.at(fromEnd ? sorted.size - 1 - index : index));
    }
  } else if (comesInOrder) {
    const { near } = collector;
    if (near !== undefined && !collector.complete) {
      // One document at the cursor or beyond it tells that there is a page on that side.
      await execution.run(execution.walk(fromEnd ? 1 : -1, near), (document) => {
        collector.add(document);
        return true;
      });
    }
    if (!collector.complete) await execution.run(execution.walk(fromEnd ? -1 : 1, near), take);
  } else {
    await execution.run(execution.walk(1), take);
  }
  const page = collector.page();
  execution.end(page.documents.length);
  return page;
}
