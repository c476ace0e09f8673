import { isAnonymous, type Principal } from '../database/principal.ts';
import { DatabaseError } from '../errors.ts';
import { clientOf, RequestRateLimit } from './request-rate-limit.ts';

declare module 'fastify' {
  interface FastifyInstance {
    readonly clientRates: ClientRates;
  }
}

/**
 * How much each client asks, whatever door it comes through: a request counts, and so does each operation over a WebSocket. A client is whoever a token
 * stands for, or else an address.
 */
export class ClientRates {
  readonly #perSecondMax: number;
  readonly #limit: RequestRateLimit | null;

  /** @param perSecondMax undefined: any number. */
  constructor(perSecondMax: number | undefined) {
    this.#perSecondMax = perSecondMax ?? Number.POSITIVE_INFINITY;
    this.#limit = perSecondMax === undefined ? null : new RequestRateLimit(perSecondMax, () => performance.now());
  }

  /** Takes note of one more. @param principal null where nobody had to say who they are. @throws {DatabaseError} `RATE_LIMITED`. */
  take(principal: Principal | null, address: string | undefined): void {
    if (this.#limit === null) return;
    const client = principal === null || isAnonymous(principal) ? clientOf(address) : `principal ${principal.name}`;
    const retryAfterSeconds = this.#limit.take(client);
    if (retryAfterSeconds === 0) return;
    throw new DatabaseError(
      'RATE_LIMITED',
      `More than ${this.#perSecondMax} requests a second came from this client. ` +
        'The limit is set with --requests-per-second-max (YARADB_REQUESTS_PER_SECOND_MAX)',
      { limit: this.#perSecondMax, retryAfterSeconds },
    );
  }
}
