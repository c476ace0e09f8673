import type { Principal } from '../database/principal.ts';

const tokensMax = 10_000;

interface Verified {
  readonly principal: Principal;
  /** Milliseconds since the Unix epoch. */
  readonly until: number;
}

/** Whom tokens that were found valid stand for, by the tokens' digests, so that a request costs one digest and no more. */
export class VerifiedTokens {
  readonly #verified = new Map<string, Verified>();

  get(digest: string, now: number): Principal | undefined {
    const verified = this.#verified.get(digest);
    if (verified === undefined) return undefined;
    if (verified.until > now) return verified.principal;
    this.#verified.delete(digest);
    return undefined;
  }

  /** The one that was put the longest ago makes room. */
  put(digest: string, principal: Principal, until: number): void {
    if (this.#verified.size >= tokensMax) {
      const [oldest] = this.#verified.keys();
      if (oldest !== undefined) this.#verified.delete(oldest);
    }
    this.#verified.set(digest, { principal, until });
  }

  clear(): void {
    this.#verified.clear();
  }
}
