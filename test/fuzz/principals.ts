import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import type { SeededRandom } from '../fault/seeded-random.ts';
import { send } from '../support/http-client.ts';
import { awkwardTexts } from './json-grammar.ts';
import { mutateText } from './mutation.ts';

export const issuer = 'https://login.example.com/';
export const audience = 'yaradb';

/** Somebody who asks, by what they show. */
export interface FuzzPrincipal {
  /** For people who read of a failure. */
  readonly name: string;
  /** Undefined: nothing is shown. */
  readonly authorization: string | undefined;
  /** Whether it is let in at all. */
  readonly isKnown: boolean;
}

/** No role of all tables, and none of the secret one. */
const grants: readonly (readonly string[])[] = [
  ['read:people'],
  ['write:people'],
  ['admin:people'],
  ['read:notes', 'write:accounts'],
  ['admin:people', 'admin:accounts', 'admin:notes', 'admin:default'],
  ['read:__proto__', 'write:a/b c', 'admin:constructor'],
  ['admin:ZQXSECRET', 'admin:zqxsecret ', 'admin:zqxsecre', 'admin:\u200bzqxsecret'],
];

/** Those who may ask, with tokens and JWTs of some tables, and those who may not. */
export class FuzzPrincipals {
  readonly #known: readonly FuzzPrincipal[];
  readonly #publicKey: KeyObject;

  private constructor(known: readonly FuzzPrincipal[], publicKey: KeyObject) {
    this.#known = known;
    this.#publicKey = publicKey;
  }

  /** @param operator what makes the tokens. @param keys whose JWTs are taken. */
  static async over(url: string, operator: string, { privateKey, publicKey }: SigningKeys): Promise<FuzzPrincipals> {
    const known: FuzzPrincipal[] = [];
    for (const roles of grants) {
      const headers = { authorization: operator };
      const { text } = await send(`${url}/system/tokens`, { method: 'POST', body: { roles }, headers });
      const { token } = JSON.parse(text) as { readonly token: string };
      const jwt = await new SignJWT({ roles })
        .setProtectedHeader({ alg: 'EdDSA' })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(`subject-${known.length}`)
        .setExpirationTime('1h')
        .sign(privateKey);
      for (const shown of [token, jwt])
        known.push({ name: roles.join(','), authorization: `Bearer ${shown}`, isKnown: true });
    }
    return new FuzzPrincipals(known, publicKey);
  }

  any(random: SeededRandom): FuzzPrincipal {
    return random.chance(0.8) ? this.known(random) : this.unknown(random);
  }

  /** Mostly one of those who may do much: whoever may do little is refused before anything happens. */
  known(random: SeededRandom): FuzzPrincipal {
    const able = this.#known.filter(({ name }) => name.includes('admin:default'));
    return random.pick(random.chance(0.5) ? able : this.#known);
  }

  /** Nothing, or something that nobody was given. */
  unknown(random: SeededRandom): FuzzPrincipal {
    const good = random.pick(this.#known).authorization ?? '';
    const forged = (): string =>
      random.pick<() => string>([
        () => `Bearer ${encoded({ alg: 'none' })}.${encoded(claims)}.`,
        () => `Bearer ${encoded({ alg: 'HS256' })}.${encoded(claims)}.${hmacOf(this.#publicKey, claims)}`,
        () => `Bearer ${encoded({ alg: 'EdDSA', kid: random.pick(awkwardTexts) })}.${encoded(claims)}.AAAA`,
        () => `Bearer ${encoded({ alg: 'EdDSA', jwk: { kty: 'OKP' }, crit: ['exp'] })}.${encoded(claims)}.AAAA`,
        () => `Bearer yara_${'0'.repeat(55)}${random.below(1_000_000)}`,
        () => `Bearer ${mutateText(random, good.slice(7))}x`,
        () => `Bearer ${good.slice(7, -1)}`,
        () => `${random.pick(['Basic', 'Token', 'bearer  bearer', ''])} ${good.slice(7)}x`,
        () => `Bearer ${random.pick(awkwardTexts)}`,
      ])();
    const authorization = random.chance(0.2) ? undefined : legalHeader(forged());
    return { name: 'nobody', authorization, isKnown: false };
  }
}

export interface SigningKeys {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export function makeSigningKeys(): SigningKeys {
  return generateKeyPairSync('ed25519');
}

/** What a forger would like to be. */
const claims = { iss: issuer, aud: audience, sub: 'forger', exp: 4_000_000_000, roles: ['admin'] };

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

/** As signed by somebody who takes the public key for a shared secret. */
function hmacOf(publicKey: KeyObject, payload: object): string {
  const key = publicKey.export({ format: 'pem', type: 'spki' });
  return createHmac('sha256', key)
    .update(`${encoded({ alg: 'HS256' })}.${encoded(payload)}`)
    .digest('base64url');
}

/** RFC 9110, section 5.5. */
function legalHeader(text: string): string {
  return text
    .replaceAll(/[^\x20-\x7e]/gu, '?')
    .slice(0, 4_000)
    .trim();
}
