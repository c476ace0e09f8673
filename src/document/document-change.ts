import { InvalidArgumentError } from '../errors.ts';
import { type BodyLimits, checkBody } from './body-limits.ts';
import type { ChangeBudget } from './change-budget.ts';
import { applyIncrements, type Increment, parseIncrements } from './increment.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import { applyJsonPatch, type JsonPatchOperation } from './json-patch.ts';
import { parseJsonPatch } from './json-patch-parser.ts';
import { applyMergePatch } from './merge-patch.ts';

/** What is to become of a body. Exactly one of them. */
export type DocumentChange =
  /** A merge patch (RFC 7396). */
  | { readonly merge: JsonObject }
  /** A JSON Patch (RFC 6902). */
  | { readonly patch: readonly JsonPatchOperation[] }
  | { readonly increment: readonly Increment[] };

/** A change as a client sends it. A member that is undefined is absent. */
export interface DocumentChangeInput {
  readonly merge?: JsonValue | undefined;
  readonly patch?: JsonValue | undefined;
  readonly increment?: JsonValue | undefined;
}

/**
 * @param argument What the client calls it, for the error.
 * @throws {InvalidArgumentError} For none or several of the three, and for one that is not what it has to be.
 */
export function parseDocumentChange(
  { merge, patch, increment }: DocumentChangeInput,
  argument: string,
): DocumentChange {
  const place = (name: string): string => (argument === '' ? name : `${argument}.${name}`);
  const given = [merge, patch, increment].filter((change) => change !== undefined);
  if (given.length !== 1) {
    throw new InvalidArgumentError('A change is one of merge, patch and increment', {
      path: argument,
      expected: 'exactly one of merge, patch and increment',
    });
  }
  if (patch !== undefined) return { patch: parseJsonPatch(patch, place('patch')) };
  if (increment !== undefined) return { increment: parseIncrements(increment, place('increment')) };
  if (isJsonObject(merge)) return { merge };
  // RFC 7396 would put any other value in the place of the whole body, which is an object always.
  throw new InvalidArgumentError(`${place('merge')}: a merge patch of a body is an object`, {
    path: place('merge'),
    expected: 'a JSON object',
  });
}

/**
 * The body that the change makes of `body`, which stays as it is.
 * @throws {InvalidArgumentError} When the change does not fit the body. @throws {LimitExceededError} When the result is more than a body may
 *   be, or the budget is spent.
 */
export function applyChange(
  body: JsonObject,
  change: DocumentChange,
  limits: BodyLimits,
  budget: ChangeBudget,
): JsonObject {
  const [argument, changed] = changeOf(body, change, budget);
  if (!isJsonObject(changed)) {
    throw new InvalidArgumentError(`${argument}: what the patch makes of the body is not an object`, {
      path: argument,
      expected: 'a patch that leaves a JSON object',
    });
  }
  budget.spend(checkBody(changed, limits, argument));
  return changed;
}

function changeOf(body: JsonObject, change: DocumentChange, budget: ChangeBudget): readonly [string, JsonValue] {
  if ('merge' in change) return ['change.merge', applyMergePatch(body, change.merge, budget)];
  if ('patch' in change) return ['change.patch', applyJsonPatch(body, change.patch, 'change.patch', budget)];
  return ['change.increment', applyIncrements(body, change.increment, 'change.increment', budget)];
}
