import { hash } from 'node:crypto';
import { canonicalize } from './canonical-json.ts';
import type { JsonObject } from './json.ts';

/**
 * A body's `bodyHash`: the lower-case hex SHA-256 of the UTF-8 bytes of its canonical form, which a client can compute
 * with any implementation of RFC 8785. Throws `InvalidArgumentError` as `canonicalize` does.
 */
export function hashBody(body: JsonObject): string {
  return hash('sha256', canonicalize(body), 'hex');
}
