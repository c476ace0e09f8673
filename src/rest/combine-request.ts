import { parseDocumentId } from '../document/document-id.ts';
import { LimitExceededError } from '../errors.ts';
import { type MergeStrategy, mergeStrategies } from './merge-bodies.ts';
import { expectList, expectObject, expectString, member, wrongShape } from './request-shape.ts';
import { RestRefusal } from './rest-status.ts';

/** As many sources as the predecessor took. */
export const combineDocumentsMax = 100;

export interface CombineRequest {
  readonly name: string;
  /** At least one, in the order in which they are merged. One that comes twice is merged twice. */
  readonly documentIds: readonly string[];
  readonly strategy: MergeStrategy;
}

/** `{"name", "document_ids", "merge_strategy"}` */
export function parseCombine(request: unknown): CombineRequest {
  const fields = expectObject(request, '');
  const name = expectString(member(fields, 'name'), 'name');
  const ids = expectList(member(fields, 'document_ids'), 'document_ids', 'a list of document ids');
  if (ids.length === 0) throw wrongShape(ids, 'document_ids', 'at least one document id');
  if (ids.length > combineDocumentsMax) {
    throw new LimitExceededError(`At most ${combineDocumentsMax} documents can be combined, these are ${ids.length}`, {
      limit: combineDocumentsMax,
      actual: ids.length,
      path: 'document_ids',
    });
  }
  const documentIds = ids.map((id, index) => {
    const path = `document_ids.${index}`;
    return parseDocumentId(expectString(id, path), path);
  });
  return {
    name,
    documentIds,
    strategy: parseStrategy(expectString(member(fields, 'merge_strategy'), 'merge_strategy')),
  };
}

function parseStrategy(given: string): MergeStrategy {
  const strategy = mergeStrategies.find((known) => known === given);
  if (strategy !== undefined) return strategy;
  const expected = `one of ${mergeStrategies.join(', ')}`;
  throw new RestRefusal(400, 'INVALID_ARGUMENT', `Unknown merge_strategy '${given}': expected ${expected}`, {
    path: 'merge_strategy',
    expected,
  });
}
