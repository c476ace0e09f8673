/** How often values fell where, as it stood when it was asked for. */
export interface HistogramValues {
  /** Upper bounds, included, ascending; above the last there is one more bucket. */
  readonly bounds: readonly number[];
  /** Of each bucket, not cumulated: one more than there are bounds. */
  readonly counts: readonly number[];
  readonly sum: number;
}

/** Counts values by fixed buckets. It costs a few comparisons to add one, so that every request can; what is made of it is made when it is read. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  add(value: number): void {
    const bounds = this.#bounds;
    let bucket = 0;
    // Most values are small: the first bounds are the ones that they are under. A NaN is above all of them.
    while (bucket < bounds.length && !(value <= (bounds[bucket] ?? 0))) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += value;
  }

  values(): HistogramValues {
    return { bounds: this.#bounds, counts: [...this.#counts], sum: this.#sum };
  }
}
