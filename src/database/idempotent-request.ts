import type { DocumentChange } from '../document/document-change.ts';
import type { JsonArray, JsonValue } from '../document/json.ts';
import type { JsonPatchOperation } from '../document/json-patch.ts';
import type { Operation } from './operation.ts';

/** A request that is carried out once, however often it is made. */
export interface IdempotentRequest {
  /** As `parseIdempotencyKey` admits it. */
  readonly key: string;
  /** What is asked for: another request under the same key is refused. */
  readonly request: JsonValue;
}

/** Operations as a request. Whichever door they came through, and in whichever order a client wrote its keys, the same ones are the same request. */
export function requestOf(operations: readonly Operation[]): JsonArray {
  return operations.map(operationOf);
}

/** One of the list that `requestOf` makes. */
export function operationOf(operation: Operation): JsonArray {
  const { kind } = operation;
  switch (kind) {
    case 'create':
      return [kind, operation.id ?? null, operation.table ?? null, operation.name ?? null, operation.body];
    case 'update':
      return [kind, operation.id, operation.version, operation.body];
    case 'patch':
      return [kind, operation.id, operation.version ?? null, operation.rebase ?? false, changeOf(operation.change)];
    case 'archive':
    case 'restore':
    case 'erase':
      return [kind, operation.id, operation.version ?? null];
    case 'assert':
      return 'version' in operation
        ? [kind, operation.id, operation.version]
        : [kind, operation.id, { exists: operation.exists }];
  }
}

function changeOf(change: DocumentChange): JsonArray {
  if ('merge' in change) return ['merge', change.merge];
  if ('patch' in change) return ['patch', change.patch.map(patchOf)];
  const increments = change.increment.map(({ path, by }): readonly [string, JsonValue] => [path.text, by]);
  return ['increment', increments.toSorted(([a], [b]) => (a < b ? -1 : 1))];
}

function patchOf(operation: JsonPatchOperation): JsonArray {
  const { op, path } = operation;
  switch (op) {
    case 'add':
    case 'replace':
    case 'test':
      return [op, path.text, operation.value];
    case 'remove':
      return [op, path.text];
    case 'move':
    case 'copy':
      return [op, operation.from.text, path.text];
  }
}
