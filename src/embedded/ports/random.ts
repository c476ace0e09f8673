import { randomFillSync } from 'node:crypto';

/** Where the engine's randomness comes from. A simulation passes its own, and then one seed decides everything. */
export interface Random {
  /** `size` bytes that nobody can foresee. They belong to the caller and never change. */
  bytes(size: number): Uint8Array;
}

const poolBytes = 8192;
let pool = randomFillSync(new Uint8Array(poolBytes));
let used = 0;

/**
 * The operating system's randomness, fetched in advance: a call for 16 bytes costs more than the 16 bytes. An exhausted pool
 * is replaced, not refilled, because callers hold views of it.
 */
export const systemRandom: Random = {
  bytes(size) {
    if (size > poolBytes) return randomFillSync(new Uint8Array(size));
    if (used + size > poolBytes) {
      pool = randomFillSync(new Uint8Array(poolBytes));
      used = 0;
    }
    used += size;
    return pool.subarray(used - size, used);
  },
};
