import { hash, timingSafeEqual } from 'node:crypto';
import { anonymous, type Principal } from '../database/principal.ts';
import { allRights } from '../database/rights.ts';
import { DatabaseError } from '../errors.ts';
import { isAccessTokenLike } from './access-token.ts';
import type { FailureLimit } from './failure-limit.ts';
import { JwtRefusal, type JwtVerifier } from './jwt-verifier.ts';
import type { TokenRegistry } from './token-registry.ts';
import { VerifiedTokens } from './verified-tokens.ts';

/**
 * `required`: whoever shows no token gets nothing. `none`: everybody may do everything. `auto`: required once there is anything that could let somebody
 * in, a token (also one that was revoked) or an issuer of JWTs.
 */
export type AuthenticationMode = 'auto' | 'required' | 'none';

export interface AuthenticatorOptions {
  readonly mode: AuthenticationMode;
  readonly tokens: TokenRegistry;
  /** Null: there is no issuer. */
  readonly jwt: JwtVerifier | null;
  readonly failures: FailureLimit;
  /** A token that is good for as long as the server runs, which whoever can read the data directory finds there. */
  readonly operatorToken: string;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Told of every refusal: why, and from where. Nothing of what was shown is in it. */
  readonly onRefusal: (reason: string, clientAddress: string, limited: boolean) => void;
}

/** A socket. */
export interface ClientConnection {
  readonly remoteAddress?: string | undefined;
}

/** How long a JWT counts as checked: then its key must still be there. */
const jwtCheckedMs = 60_000;

/** Who asks, by what a request shows. It says who somebody is; what they may do is for `AuthorizedDatabase`. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #verified = new VerifiedTokens();
  readonly #operatorDigest: Buffer;
  /** Whoever asks while nobody has to show a token. What it has opened by then ends with the first token. */
  readonly anonymous: Principal = Object.freeze({ ...anonymous, isCurrent: () => !this.isRequired });
  readonly #operator: Principal = Object.freeze({ name: 'operator', rights: allRights });

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#operatorDigest = digestOf(options.operatorToken);
    options.tokens.onChange(() => this.#verified.clear());
  }

  /** Whether whoever asks has to show a token. It becomes true while the server runs when the first token is made, and stays so. */
  get isRequired(): boolean {
    const { mode, tokens, jwt } = this.#options;
    if (mode === 'auto') return tokens.isUsed || jwt !== null;
    return mode === 'required';
  }

  /** Has every token checked again when it comes next: keys have changed. */
  forgetVerified(): void {
    this.#verified.clear();
  }

  /** Attempts that failed since the start. */
  get failureCount(): number {
    return this.#options.failures.total;
  }

  /**
   * @param authorization what the request's `Authorization` says. @param connection what it came by: its `remoteAddress` is where it comes from.
   * @returns at once, but for a JWT that was not shown lately.
   * @throws {DatabaseError} `UNAUTHENTICATED`; `RATE_LIMITED` in its place for whoever fails too often, which no valid token has to do with;
   *   `OVERLOADED` when nothing can be said about a JWT now.
   */
  authenticate(authorization: string | undefined, connection: ClientConnection): Principal | Promise<Principal> {
    if (!this.isRequired) return this.anonymous;
    if (authorization === undefined) {
      throw new DatabaseError('UNAUTHENTICATED', 'This needs a token: send it as `Authorization: Bearer TOKEN`');
    }
    const now = this.#options.now();
    const shown = this.#verified.shownOn(connection, authorization, now);
    if (shown !== undefined) return shown;
    // By its digest, of which the time of a comparison says nothing.
    const digest = hash('sha256', authorization, 'latin1');
    const verified = this.#verified.get(digest, now);
    if (verified === undefined) return this.#check(authorization, digest, connection.remoteAddress ?? '');
    this.#verified.remember(connection, authorization, verified);
    return verified.principal;
  }

  #check(authorization: string, digest: string, clientAddress: string): Principal | Promise<Principal> {
    const { tokens, jwt } = this.#options;
    // RFC 9110 section 11.1: the scheme is case-insensitive. RFC 6750 section 2.1: what a token is made of.
    const [, token] = /^bearer +([\w.~+/-]+=*)$/i.exec(authorization) ?? [];
    if (token === undefined) {
      const expected =
        'The header `Authorization` is not of the form that is expected here: `Authorization: Bearer TOKEN`';
      throw this.#refused('not a bearer token', clientAddress, expected);
    }
    if (this.#isOperator(token)) return this.#operator;
    if (jwt !== null && !isAccessTokenLike(token)) return this.#checkJwt(jwt, token, digest, clientAddress);
    const found = tokens.verify(token);
    if (typeof found === 'string') throw this.#refused(found, clientAddress);
    const { id, name, rights, expiresAt } = found;
    const principal = Object.freeze({ name, rights, isCurrent: () => tokens.isCurrent(id) });
    this.#verified.put(digest, { principal, until: expiresAt ?? Number.POSITIVE_INFINITY });
    return principal;
  }

  async #checkJwt(jwt: JwtVerifier, token: string, digest: string, clientAddress: string): Promise<Principal> {
    const { now } = this.#options;
    try {
      const { subject, rights, expiresAt } = await jwt.verify(token);
      // The colon keeps it apart from every token's name.
      const principal = Object.freeze({ name: `jwt:${subject}`, rights, isCurrent: () => now() < expiresAt });
      this.#verified.put(digest, { principal, until: Math.min(expiresAt, now() + jwtCheckedMs) });
      return principal;
    } catch (error) {
      throw error instanceof JwtRefusal ? this.#refused(error.message, clientAddress) : error;
    }
  }

  #isOperator(token: string): boolean {
    return timingSafeEqual(digestOf(token), this.#operatorDigest);
  }

  #refused(
    reason: string,
    clientAddress: string,
    message = 'The token is not valid: it is unknown, revoked, expired or cut',
  ): DatabaseError {
    const { failures, onRefusal } = this.#options;
    const retryAfterSeconds = failures.fail(clientAddress);
    onRefusal(reason, clientAddress, retryAfterSeconds > 0);
    if (retryAfterSeconds > 0) {
      return new DatabaseError('RATE_LIMITED', 'Too many tokens that are not valid came from your address', {
        retryAfterSeconds,
      });
    }
    return new DatabaseError('UNAUTHENTICATED', message);
  }
}

function digestOf(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}
