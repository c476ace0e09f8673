/** Eight slots: V8 keeps so small a list of numbers in its own heap, which makes a table of few cheap. */
const leastCapacity = 8;

/**
 * A map from texts to values, for very many of them. V8's `Map` looks a text up in the one table of all texts of the process first, and puts it there
 * when it is new: a million ids, or keys of an index, make that table grow by tens of milliseconds at once, and have every full garbage collection
 * walk through all of it.
 *
 * Slots are probed one after the other, each of two numbers: an entry's, counted from 1, and its hash.
 */
export class TextTable<Value extends NonNullable<unknown>> {
  #slots = new Int32Array(2 * leastCapacity);
  #keys: (string | undefined)[] = [];
  #values: (Value | undefined)[] = [];
  /** The numbers of entries that were deleted. */
  #free: number[] = [];

  get size(): number {
    return this.#keys.length - this.#free.length;
  }

  /** @param hash of `hashText`, as in all that follows. */
  get(key: string, hash: number): Value | undefined {
    const number = this.#slots[this.#slotOf(key, hash)] ?? 0;
    return number === 0 ? undefined : this.#values[number - 1];
  }

  set(key: string, hash: number, value: Value): void {
    const slot = this.#slotOf(key, hash);
    const number = this.#slots[slot] ?? 0;
    if (number !== 0) {
      this.#values[number - 1] = value;
      return;
    }
    const added = this.#free.pop() ?? this.#keys.length + 1;
    this.#keys[added - 1] = key;
    this.#values[added - 1] = value;
    this.#slots[slot] = added;
    this.#slots[slot + 1] = hash;
    // Two thirds full, the next free slot is never far.
    if (this.size * 3 > this.#slots.length) this.#resize(this.#slots.length * 2);
  }

  /** Whether it was there. */
  delete(key: string, hash: number): boolean {
    const slot = this.#slotOf(key, hash);
    const number = this.#slots[slot] ?? 0;
    if (number === 0) return false;
    this.#close(slot);
    this.#keys[number - 1] = undefined;
    this.#values[number - 1] = undefined;
    this.#free.push(number);
    if (this.#slots.length > 2 * leastCapacity && this.size * 16 < this.#slots.length) {
      this.#resize(this.#slots.length / 2);
    }
    return true;
  }

  /** As `values`. */
  forEach(take: (key: string, hash: number, value: Value) => void): void {
    for (let slot = 0; slot < this.#slots.length; slot += 2) {
      const number = this.#slots[slot] ?? 0;
      const key = this.#keys[number - 1];
      const value = this.#values[number - 1];
      if (key !== undefined && value !== undefined) take(key, this.#slots[slot + 1] ?? 0, value);
    }
  }

  /** In any order, while nothing is set or deleted. */
  *values(): Generator<Value> {
    for (const value of this.#values) if (value !== undefined) yield value;
  }

  /** The slot of the key, or the free one where it would be. */
  #slotOf(key: string, hash: number): number {
    const slots = this.#slots;
    for (let slot = this.#homeOf(hash); ; slot = (slot + 2) & (slots.length - 1)) {
      const number = slots[slot] ?? 0;
      if (number === 0 || (slots[slot + 1] === hash && this.#keys[number - 1] === key)) return slot;
    }
  }

  /** The number of slots is a power of two. */
  #homeOf(hash: number): number {
    return (hash << 1) & (this.#slots.length - 1);
  }

  /** Frees a slot, and moves those behind it up that would not be found behind a free one. */
  #close(freed: number): void {
    const slots = this.#slots;
    const last = slots.length - 1;
    let free = freed;
    for (let slot = (free + 2) & last; slots[slot] !== 0; slot = (slot + 2) & last) {
      const home = this.#homeOf(slots[slot + 1] ?? 0);
      if (((slot - home) & last) < ((slot - free) & last)) continue;
      slots.copyWithin(free, slot, slot + 2);
      free = slot;
    }
    slots[free] = 0;
  }

  /** Entries get new numbers, without those that were deleted. */
  #resize(length: number): void {
    const [before, keys, values] = [this.#slots, this.#keys, this.#values];
    const slots = new Int32Array(length);
    this.#slots = slots;
    this.#keys = [];
    this.#values = [];
    this.#free = [];
    for (let from = 0; from < before.length; from += 2) {
      const number = before[from] ?? 0;
      if (number === 0) continue;
      const hash = before[from + 1] ?? 0;
      let slot = this.#homeOf(hash);
      while (slots[slot] !== 0) slot = (slot + 2) & (length - 1);
      this.#values.push(values[number - 1]);
      slots[slot] = this.#keys.push(keys[number - 1]);
      slots[slot + 1] = hash;
    }
  }
}
