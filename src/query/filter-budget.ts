import { LimitExceededError } from '../errors.ts';
import type { FilterLimits } from './limits.ts';

/** What one filter uses up of its limits while it is parsed. It is made for one filter and thrown away with the parser. */
export class FilterBudget {
  readonly limits: FilterLimits;
  #nodeCount = 0;
  #valueCount = 0;

  constructor(limits: FilterLimits) {
    this.limits = limits;
  }

  /**
   * Checks the level that the parser goes down to; 1 is the filter itself.
   * @throws {LimitExceededError} Before the recursion could go deeper than the stack.
   */
  checkDepth(depth: number, argument: string): void {
    const { depthMax } = this.limits;
    if (depth <= depthMax) return;
    throw new LimitExceededError(`${argument}: filters are nested more than ${depthMax} levels deep`, {
      limit: depthMax,
      actual: depth,
      path: argument,
    });
  }

  /** @throws {LimitExceededError} When the filter has too many parts with these. */
  countNodes(nodes: number, argument: string): void {
    this.#nodeCount += nodes;
    const { nodeCountMax } = this.limits;
    if (this.#nodeCount <= nodeCountMax) return;
    throw new LimitExceededError(`${argument}: the filter has more than ${nodeCountMax} parts`, {
      limit: nodeCountMax,
      actual: this.#nodeCount,
      path: argument,
    });
  }

  /** @throws {LimitExceededError} When the lists of `in` and `notIn` have too many values with these. */
  countValues(values: number, argument: string): void {
    this.#valueCount += values;
    const { valueCountMax } = this.limits;
    if (this.#valueCount <= valueCountMax) return;
    throw new LimitExceededError(
      `${argument}: the filter looks for one of ${this.#valueCount} values, and ${valueCountMax} are allowed. Ask in several requests`,
      { limit: valueCountMax, actual: this.#valueCount, path: argument },
    );
  }
}
