import { createLocalJWKSet, createRemoteJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { DatabaseError } from '../errors.ts';

/** The keys that whoever issues JWTs signs them with. */
export interface KeySet {
  readonly getKey: JWTVerifyGetKey;
}

/**
 * Fetched from a URL when they are first needed, again when they are ten minutes old, and when a token names a key that is not among them: at most
 * every thirty seconds, so that made-up names cause no more. What a token itself says about where its key is counts for nothing.
 */
export function remoteKeySet(url: URL): KeySet {
  const keys = createRemoteJWKSet(url, { timeoutDuration: 5_000, cooldownDuration: 30_000, cacheMaxAge: 600_000 });
  return {
    async getKey(header, token) {
      try {
        return await keys(header, token);
      } catch (error) {
        if (isOfToken(error)) throw error;
        throw new DatabaseError(
          'OVERLOADED',
          'The keys that tokens of this kind are checked with cannot be fetched now: try again later',
          { retryAfterSeconds: 5 },
          { cause: error },
        );
      }
    },
  };
}

/** Keys that were read from a file, and can be replaced while the server runs. */
export class FileKeySet implements KeySet {
  #keys: JWTVerifyGetKey;

  /** @throws {KeySetError} for a text that is no JSON Web Key Set. */
  constructor(text: string) {
    this.#keys = parseKeySet(text);
  }

  /** @throws {KeySetError} for such a text; the keys stay what they were. */
  replace(text: string): void {
    this.#keys = parseKeySet(text);
  }

  readonly getKey: JWTVerifyGetKey = (header, token) => this.#keys(header, token);
}

export class KeySetError extends Error {
  override readonly name = 'KeySetError';
}

function parseKeySet(text: string): JWTVerifyGetKey {
  try {
    return createLocalJWKSet(JSON.parse(text) as JSONWebKeySet);
  } catch (cause) {
    throw new KeySetError('not a JSON Web Key Set: expected {"keys": [{"kty": …}, …]}', { cause });
  }
}

/** What a token can cause. All else is the fault of whoever serves the keys, and says nothing about the token. */
function isOfToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  );
}
