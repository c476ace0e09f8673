import { LimitExceededError } from '../errors.ts';

/** How much the changes of one commit may have the server do: a short patch can copy a large document again and again. */
export const changeWorkMaxDefault = 64 * 1024 * 1024;

/** Work of copying a member of an object: about as long as copying so many elements of a list takes. */
export const memberWork = 16;

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
