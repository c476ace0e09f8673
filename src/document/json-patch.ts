import { InvalidArgumentError } from '../errors.ts';
import type { ChangeBudget } from './change-budget.ts';
import type { JsonValue } from './json.ts';
import type { JsonPointer } from './json-pointer.ts';
import { MisfitError, PatchedValue } from './patched-value.ts';
import { equalValues } from './value-order.ts';

/** One operation of a JSON Patch (RFC 6902, section 4). */
export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: JsonPointer; readonly value: JsonValue }
  | { readonly op: 'remove'; readonly path: JsonPointer }
  | { readonly op: 'move' | 'copy'; readonly from: JsonPointer; readonly path: JsonPointer };

/**
 * The value that a JSON Patch (RFC 6902) makes of `target`, which stays as it is; what the patch does not touch is shared with it.
 * Values are compared and copied as the document's: integers of any size, every key an own property.
 * @param argument What the client calls the patch, for the error.
 * @throws {InvalidArgumentError} For an operation that does not fit the value, a failed `test` among them: with the operation's path.
 * @throws {LimitExceededError} When the budget is spent.
 */
export function applyJsonPatch(
  target: JsonValue,
  patch: readonly JsonPatchOperation[],
  argument: string,
  budget: ChangeBudget,
): JsonValue {
  const tree = new PatchedValue(target, budget);
  for (const [index, operation] of patch.entries()) {
    try {
      applyOperation(tree, operation);
    } catch (error) {
      throw error instanceof MisfitError ? misfit(error, `${argument}.${index}`, operation) : error;
    }
  }
  return tree.root;
}

function applyOperation(tree: PatchedValue, operation: JsonPatchOperation): void {
  const { keys } = operation.path;
  switch (operation.op) {
    case 'add':
      tree.add(keys, operation.value);
      break;
    case 'remove':
      tree.remove(keys);
      break;
    case 'replace':
      tree.replace(keys, operation.value);
      break;
    case 'move':
      // RFC 6902, section 4.4: a value cannot be moved into itself. Moved to its own place it stays.
      if (isInside(keys, operation.from.keys)) throw new MisfitError('a value cannot be moved into itself');
      tree.add(keys, tree.remove(operation.from.keys));
      break;
    case 'copy':
      tree.copy(operation.from.keys, keys);
      break;
    case 'test':
      if (!equalValues(tree.read(keys), operation.value)) throw new MisfitError('the value there is another');
      break;
  }
}

function isInside(keys: readonly string[], outer: readonly string[]): boolean {
  return keys.length > outer.length && outer.every((key, index) => key === keys[index]);
}

function misfit({ message }: MisfitError, path: string, { op, path: { text } }: JsonPatchOperation): Error {
  return new InvalidArgumentError(`${path}: ${op} '${text}': ${message}`, {
    path,
    expected: op === 'test' ? 'a value that is equal' : 'an operation that fits the document',
  });
}
