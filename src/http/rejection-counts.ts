import type { ErrorCode } from '../errors.ts';

/** How many requests, or fields of GraphQL, were answered with each code of an error. */
export class RejectionCounts {
  readonly #counts = new Map<ErrorCode, number>();

  add(code: ErrorCode): void {
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1);
  }

  all(): ReadonlyMap<ErrorCode, number> {
    return this.#counts;
  }
}
