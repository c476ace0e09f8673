import { LRUCache } from 'lru-cache';
import type { Principal } from '../database/principal.ts';

const tokensMax = 10_000;

/** A token that was found valid. */
export interface Verified {
  readonly principal: Principal;
  /** Milliseconds since the Unix epoch. */
  readonly until: number;
}

/** Whom tokens that were found valid stand for, by the tokens' digests, so that a request costs one digest and no more. */
export class VerifiedTokens {
  readonly #verified = new LRUCache<string, Verified>({ max: tokensMax });

  /** By what was shown on which connection last: until that closes, its token is in memory anyway. */
  #shown = new WeakMap<object, { readonly authorization: string; readonly verified: Verified }>();

  /** What was shown last on this connection, if it is the same again. */
  shownOn(connection: object, authorization: string, now: number): Principal | undefined {
    const shown = this.#shown.get(connection);
    return shown?.authorization === authorization && shown.verified.until > now ? shown.verified.principal : undefined;
  }

  get(digest: string, now: number): Verified | undefined {
    const verified = this.#verified.get(digest);
    if (verified === undefined || verified.until > now) return verified;
    this.#verified.delete(digest);
    return undefined;
  }

  put(digest: string, verified: Verified): void {
    this.#verified.set(digest, verified);
  }

  remember(connection: object, authorization: string, verified: Verified): void {
    this.#shown.set(connection, { authorization, verified });
  }

  clear(): void {
    this.#verified.clear();
    this.#shown = new WeakMap();
  }
}
