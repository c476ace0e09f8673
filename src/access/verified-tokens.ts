import { LRUCache } from 'lru-cache';
import type { Principal } from '../database/principal.ts';

const tokensMax = 10_000;

interface Verified {
  readonly principal: Principal;
  /** Milliseconds since the Unix epoch. */
  readonly until: number;
}

/** Whom tokens that were found valid stand for, by the tokens' digests, so that a request costs one digest and no more. */
export class VerifiedTokens {
  readonly #verified = new LRUCache<string, Verified>({ max: tokensMax });

  get(digest: string, now: number): Principal | undefined {
    const verified = this.#verified.get(digest);
    if (verified === undefined || verified.until > now) return verified?.principal;
    this.#verified.delete(digest);
    return undefined;
  }

  put(digest: string, principal: Principal, until: number): void {
    this.#verified.set(digest, { principal, until });
  }

  clear(): void {
    this.#verified.clear();
  }
}
