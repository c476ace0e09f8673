import { errors, type JWTPayload, jwtVerify } from 'jose';
import { parseRights, type Rights } from '../database/rights.ts';
import type { KeySet } from './key-set.ts';

export interface JwtOptions {
  /** Whoever the token must come from (`iss`). */
  readonly issuer: string;
  /** What it must be meant for (`aud`): this server, so that a token for another service opens nothing here. */
  readonly audience: string;
  readonly keys: KeySet;
  /** The claim that holds the roles: the name of one, or the path to it with dots between the names. */
  readonly roleClaim: string;
  /** By how much the issuer's clock may differ from ours. */
  readonly clockSkewSeconds: number;
}

/** What a JWT that fits says. */
export interface VerifiedJwt {
  readonly subject: string;
  readonly rights: Rights;
  /** Milliseconds since the Unix epoch; the clock skew is in it. */
  readonly expiresAt: number;
}

/**
 * Signatures of a private key alone. With a shared secret (HS256) among them, whoever has the public key could sign with it; `none` is no signature.
 */
const algorithms = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];

/** Longer ones are refused before anything is computed. */
export const jwtLengthMax = 8_192;
const subjectBytesMax = 200;

/** Why a JWT is refused, in one of the codes of the library that checks it, which holds nothing of the token. */
export class JwtRefusal extends Error {
  override readonly name = 'JwtRefusal';
}

export class JwtVerifier {
  readonly #options: JwtOptions;

  constructor(options: JwtOptions) {
    this.#options = options;
  }

  /** @throws {JwtRefusal} @throws {DatabaseError} `OVERLOADED` when the keys cannot be had. */
  async verify(token: string): Promise<VerifiedJwt> {
    const { issuer, audience, keys, clockSkewSeconds, roleClaim } = this.#options;
    if (token.length > jwtLengthMax) throw new JwtRefusal('too long');
    try {
      const { payload } = await jwtVerify(token, keys.getKey, {
        issuer,
        audience,
        algorithms,
        clockTolerance: clockSkewSeconds,
        requiredClaims: ['exp', 'sub'],
      });
      return {
        subject: subjectOf(payload),
        rights: rightsOf(claimOf(payload, roleClaim)),
        expiresAt: (Number(payload.exp) + clockSkewSeconds) * 1000,
      };
    } catch (error) {
      if (error instanceof errors.JOSEError) throw new JwtRefusal(error.code, { cause: error });
      throw error;
    }
  }
}

function subjectOf({ sub = '' }: JWTPayload): string {
  // It goes into logs: no white space and nothing that a terminal would obey.
  if (sub === '' || Buffer.byteLength(sub) > subjectBytesMax || /[^\p{L}\p{N}\p{P}\p{S}]/u.test(sub)) {
    throw new JwtRefusal('a subject that cannot be used');
  }
  return sub;
}

/** A claim of that very name first: names such as `https://example.com/roles` hold dots, too. */
function claimOf(payload: JWTPayload, path: string): unknown {
  if (Object.hasOwn(payload, path)) return payload[path];
  let value: unknown = payload;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = Reflect.get(value, name);
  }
  return value;
}

/** A list of roles, or a text of them with spaces or commas between. Values that are no roles of ours are others' business. */
function rightsOf(claim: unknown): Rights {
  const texts = typeof claim === 'string' ? claim.split(/[\s,]+/) : Array.isArray(claim) ? claim : [];
  const ours = texts.filter((text) => typeof text === 'string' && parseRights([text]) !== null);
  return parseRights(ours) ?? noRights;
}

const noRights: Rights = Object.freeze({ everywhere: null, tables: new Map() });
