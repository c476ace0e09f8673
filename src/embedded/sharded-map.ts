import { hashText } from '../document/text-hash.ts';
import { TextTable } from './text-table.ts';

/** Parts that the keys are spread over, once there are many: 2 to the power of this. */
const shardBits = 8;
/** More entries are spread: that takes about half a millisecond. */
const unsplitMax = 4_096;

/**
 * A map of many keys whose growth keeps nobody waiting. One `Map` of a million entries takes a tenth of a second to grow, all at once; of
 * many smaller ones each grows by itself, in less than a millisecond. Texts have tables of their own.
 */
export class ShardedMap<Key, Value extends NonNullable<unknown>> {
  #texts: readonly TextTable<Value>[] = [];
  #textCount = 0;
  /** Of all keys that are no texts. */
  #others: readonly Map<Key, Value>[] = [];
  #otherCount = 0;

  get size(): number {
    return this.#textCount + this.#otherCount;
  }

  get(key: Key): Value | undefined {
    if (typeof key !== 'string') return shardOf(this.#others, numberOf(key))?.get(key);
    const hash = hashText(key);
    return shardOf(this.#texts, hash)?.get(key, hash);
  }

  set(key: Key, value: Value): void {
    if (typeof key === 'string') this.#setText(key, value);
    else this.#setOther(key, value);
  }

  /** Whether it was there. */
  delete(key: Key): boolean {
    if (typeof key !== 'string') {
      const wasThere = shardOf(this.#others, numberOf(key))?.delete(key) ?? false;
      if (wasThere) this.#otherCount -= 1;
      return wasThere;
    }
    const hash = hashText(key);
    const wasThere = shardOf(this.#texts, hash)?.delete(key, hash) ?? false;
    if (wasThere) this.#textCount -= 1;
    return wasThere;
  }

  /** In any order, while nothing is set or deleted. */
  *values(): Generator<Value> {
    for (const texts of this.#texts) yield* texts.values();
    for (const others of this.#others) yield* others.values();
  }

  #setText(key: string, value: Value): void {
    if (this.#texts.length === 0) this.#texts = [new TextTable()];
    const hash = hashText(key);
    const shard = shardOf(this.#texts, hash);
    if (shard === undefined) throw new Error('every key has its shard');
    const before = shard.size;
    shard.set(key, hash, value);
    this.#textCount += shard.size - before;
    if (this.#textCount <= unsplitMax || this.#texts.length > 1) return;
    this.#texts = Array.from({ length: 1 << shardBits }, () => new TextTable());
    shard.forEach((text, textHash, entry) => {
      shardOf(this.#texts, textHash)?.set(text, textHash, entry);
    });
  }

  #setOther(key: Key, value: Value): void {
    if (this.#others.length === 0) this.#others = [new Map()];
    const shard = shardOf(this.#others, numberOf(key));
    if (shard === undefined) throw new Error('every key has its shard');
    const before = shard.size;
    shard.set(key, value);
    this.#otherCount += shard.size - before;
    if (this.#otherCount <= unsplitMax || this.#others.length > 1) return;
    this.#others = Array.from({ length: 1 << shardBits }, () => new Map());
    for (const [other, entry] of shard) shardOf(this.#others, numberOf(other))?.set(other, entry);
  }
}

/** Undefined where there is none yet. By the upper bits: the lower ones tell the place in a table. */
function shardOf<Shard>(shards: readonly Shard[], hash: number): Shard | undefined {
  return shards[shards.length > 1 ? hash >>> (32 - shardBits) : 0];
}

/** Equal keys, which `Map` finds, have one number; numbers that differ a little, as most keys do, most often another. */
function numberOf(key: unknown): number {
  if (typeof key === 'number') return spread(key * 1_000_003);
  return typeof key === 'bigint' ? spread(Number(BigInt.asIntN(32, key))) : 0;
}

function spread(number: number): number {
  const mixed = Math.imul(number, 0x9e37_79b1);
  return mixed ^ (mixed >>> 16);
}
