/** Maps that the keys are spread over, once there are many: a power of two. */
const shardCount = 256;
/** A map of more entries is split: to spread them takes about two milliseconds. */
const unsplitMax = 16_384;

/**
 * A map of many keys whose growth keeps nobody waiting. One `Map` of a million entries takes a tenth of a second to grow, all at once; of
 * many smaller ones each grows by itself, in less than a millisecond.
 */
export class ShardedMap<Key, Value> {
  #shards: readonly Map<Key, Value>[] = [new Map()];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: Key): Value | undefined {
    return this.#shardOf(key).get(key);
  }

  set(key: Key, value: Value): void {
    const shard = this.#shardOf(key);
    const before = shard.size;
    shard.set(key, value);
    this.#size += shard.size - before;
    if (this.#size > unsplitMax && this.#shards.length === 1) this.#split();
  }

  /** Whether it was there. */
  delete(key: Key): boolean {
    const wasThere = this.#shardOf(key).delete(key);
    if (wasThere) this.#size -= 1;
    return wasThere;
  }

  #shardOf(key: Key): Map<Key, Value> {
    const shard = this.#shards[this.#shards.length === 1 ? 0 : numberOf(key) & (shardCount - 1)];
    if (shard === undefined) throw new Error('every key has its shard');
    return shard;
  }

  #split(): void {
    const [all = new Map<Key, Value>()] = this.#shards;
    this.#shards = Array.from({ length: shardCount }, () => new Map());
    for (const [key, value] of all) this.#shardOf(key).set(key, value);
  }
}

/** Most keys are texts or numbers that differ a little: equal ones, which `Map` finds, have one number, and most others another. */
function numberOf(key: unknown): number {
  if (typeof key === 'number') return spread(key * 1_000_003);
  if (typeof key !== 'string') return 0;
  let number = key.length;
  // Of a long text some of the characters do.
  const step = 1 + (key.length >>> 6);
  for (let index = 0; index < key.length; index += step) number = Math.imul(number, 31) + key.charCodeAt(index);
  return spread(number);
}

function spread(number: number): number {
  const mixed = Math.imul(number, 0x9e37_79b1);
  return mixed ^ (mixed >>> 16);
}
