import { LimitExceededError } from '../errors.ts';
import { defineKey, type JsonObject, type JsonValue } from './json.ts';

/** How much the changes of one commit may have the server do: a short patch can copy a large document again and again. */
export const changeWorkMaxDefault = 64 * 1024 * 1024;

/** Work of copying a member of an object, by the time it takes in one of a million. */
const memberWork = 32;

/**
 * What is left of the work that the changes of one commit may cause together. The unit is a character of JSON text that is written, or an
 * element of a list that is copied or moved.
 */
export class ChangeBudget {
  readonly #limit: number;
  #spent = 0;

  constructor(limit = changeWorkMaxDefault) {
    this.#limit = limit;
  }

  /** @throws {LimitExceededError} when there is not so much left. */
  spend(work: number): void {
    this.#spent += work;
    if (this.#spent <= this.#limit) return;
    throw new LimitExceededError(
      `The patches of one commit may copy and write about ${this.#limit} characters of JSON, these take more: send fewer at a time`,
      { limit: this.#limit, actual: this.#spent },
    );
  }
}

/**
 * A copy of an object, its values shared.
 * @throws {LimitExceededError} when the budget is spent.
 */
export function copyObject(object: JsonObject, budget: ChangeBudget): JsonObject {
  const keys = Object.keys(object);
  budget.spend(memberWork * keys.length);
  // By member, because of an object with a million of them a spread takes five times as long.
  const copy = {};
  for (const key of keys) defineKey(copy, key, object[key] as JsonValue);
  return copy;
}
