import { formatRights, parseRights, type Rights } from '../database/rights.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../document/json.ts';
import { formatTime } from '../document/timestamp.ts';
import { InvalidArgumentError } from '../errors.ts';
import type { TokenRecord } from './token-record.ts';
import type { NewToken } from './token-registry.ts';

/** A token as clients are told of it. The digest is nobody's business. */
export function tokenText({ id, name, rights, createdAt, expiresAt, revokedAt }: TokenRecord): JsonObject {
  return {
    id,
    name,
    roles: [...formatRights(rights)],
    created_at: formatTime(createdAt),
    expires_at: expiresAt === null ? null : formatTime(expiresAt),
    revoked_at: revokedAt === null ? null : formatTime(revokedAt),
  };
}

export function tokenList(records: readonly TokenRecord[]): JsonObject {
  return { tokens: records.map(tokenText) };
}

/** `{"name"?, "roles": ["read", "write:orders"], "expires_at"?}` @throws {InvalidArgumentError} */
export function parseNewToken(body: unknown): NewToken {
  if (!isJsonObject(body)) throw wrong('', 'an object such as {"roles": ["read"]}');
  const { name = null, expires_at = null } = body;
  if (name !== null && typeof name !== 'string') throw wrong('name', 'a string');
  return { name: name ?? undefined, rights: rightsOf(body.roles), expiresAt: timeOf(expires_at) };
}

function rightsOf(given: JsonValue | undefined): Rights {
  const texts = Array.isArray(given) && given.length > 0 ? given : [''];
  const rights = texts.every((text) => typeof text === 'string') ? parseRights(texts) : null;
  if (rights === null)
    throw wrong('roles', 'a list of roles: read, write or admin, or one of a table, as write:orders');
  return rights;
}

function timeOf(given: JsonValue): number | null {
  if (given === null) return null;
  const time = typeof given === 'string' ? Date.parse(given) : Number.NaN;
  if (Number.isNaN(time)) throw wrong('expires_at', 'a time such as 2027-01-31T00:00:00Z');
  return time;
}

function wrong(path: string, expected: string): InvalidArgumentError {
  return new InvalidArgumentError(`${path === '' ? 'The body' : path} cannot be used: expected ${expected}`, {
    path,
    expected,
  });
}
