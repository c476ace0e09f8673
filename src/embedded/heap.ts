/** A binary heap: whatever comes before all others is on top. For merging what is sorted already. */
export class Heap<T> {
  readonly #elements: T[] = [];
  readonly #isBefore: (a: T, b: T) => boolean;

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  /** Undefined when nothing is in it. */
  get top(): T | undefined {
    return this.#elements[0];
  }

  add(element: T): void {
    let at = this.#elements.length;
    for (;;) {
      const parentAt = (at - 1) >> 1;
      const parent = this.#elements[parentAt];
      if (parent === undefined || this.#isBefore(parent, element)) break;
      this.#elements[at] = parent;
      at = parentAt;
    }
    this.#elements[at] = element;
  }

  /** Puts an element in the place of the top, which may be that one itself when it has changed. */
  replaceTop(element: T): void {
    let at = 0;
    for (;;) {
      const leftAt = 2 * at + 1;
      const left = this.#elements[leftAt];
      const right = this.#elements[leftAt + 1];
      if (left === undefined) break;
      const isRight = right !== undefined && this.#isBefore(right, left);
      const child = isRight ? right : left;
      if (this.#isBefore(element, child)) break;
      this.#elements[at] = child;
      at = isRight ? leftAt + 1 : leftAt;
    }
    this.#elements[at] = element;
  }

  removeTop(): void {
    const last = this.#elements.pop();
    if (this.#elements.length > 0 && last !== undefined) this.replaceTop(last);
  }
}
