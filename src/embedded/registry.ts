/** That something is in a registry. */
export interface Registration {
  /** Takes it out. Once. */
  end(): void;
}

/**
 * Things that come and go thousands of times a second, in the order in which they came. A `Set` would do, but for V8's collector: each table of it that
 * is outgrown leads to the next one, and one that became old keeps all behind it, with what was in them, until the old are collected. Here what is
 * taken out leads to nothing.
 */
export class Registry<Value> {
  readonly #root = new Link<Value>(null);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The one that has been here longest. */
  get first(): Value | null {
    return this.#root.next.value;
  }

  add(value: Value): Registration {
    const link = new Link<Value>(value);
    link.putBefore(this.#root);
    this.#size += 1;
    return {
      end: () => {
        link.takeOut();
        this.#size -= 1;
      },
    };
  }

  /** @param take may end the registration of what it is given, and no other. */
  forEach(take: (value: Value) => void): void {
    for (let link = this.#root.next; link !== this.#root; ) {
      const { next, value } = link;
      if (value !== null) take(value);
      link = next;
    }
  }
}

class Link<Value> {
  value: Value | null;
  previous: Link<Value> = this;
  next: Link<Value> = this;

  constructor(value: Value | null) {
    this.value = value;
  }

  putBefore(next: Link<Value>): void {
    this.next = next;
    this.previous = next.previous;
    next.previous.next = this;
    next.previous = this;
  }

  takeOut(): void {
    this.previous.next = this.next;
    this.next.previous = this.previous;
    this.previous = this;
    this.next = this;
    this.value = null;
  }
}
