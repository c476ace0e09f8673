/** The bounds that blocks had. */
export interface BlockBound {
  readonly first: number;
  readonly last: number;
}

/** So many are remembered before all are forgotten. */
const boundsMax = 4096;

/**
 * Where blocks began and ended, without what was in them: one that is read again has the same bounds, so that those who began at different commits
 * come to share blocks soon.
 */
export class BlockBounds {
  /** In order, none of which overlap. */
  #bounds: BlockBound[] = [];

  /** The bounds that a block had which held this commit. */
  around(sequence: number): BlockBound | undefined {
    const known = this.#bounds.findLast(({ first }) => first <= sequence);
    return known !== undefined && sequence <= known.last ? known : undefined;
  }

  /** The last commit before the next block that is known, behind a commit that is in none. */
  endBehind(sequence: number): number {
    const next = this.#bounds.find(({ first }) => first > sequence);
    return next === undefined ? Number.POSITIVE_INFINITY : next.first - 1;
  }

  /** Takes one that overlaps none. */
  add(bound: BlockBound): void {
    if (this.#bounds.length >= boundsMax) this.#bounds = [];
    const behind = this.#bounds.findLastIndex(({ first }) => first < bound.first);
    this.#bounds.splice(behind + 1, 0, bound);
  }
}
