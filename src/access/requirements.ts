import type { Principal } from '../database/principal.ts';
import { hasEverywhere, hasOnTable, isAnythingAllowed, type Role } from '../database/rights.ts';
import { ForbiddenError } from '../errors.ts';

/** @throws {ForbiddenError} when there is nothing at all that the principal may do. */
export function requireAnything({ name, rights }: Principal): void {
  if (isAnythingAllowed(rights)) return;
  throw new ForbiddenError(`'${name}' has no role here: its token has to name one, such as read or write:orders`);
}

/** @throws {ForbiddenError} */
export function requireOnTable({ name, rights }: Principal, role: Role, table: string): void {
  if (hasOnTable(rights, role, table)) return;
  throw new ForbiddenError(`'${name}' needs the role '${role}' on table '${table}' for this`, { role, table });
}

/** @throws {ForbiddenError} */
export function requireEverywhere({ name, rights }: Principal, role: Role): void {
  if (hasEverywhere(rights, role)) return;
  throw new ForbiddenError(`'${name}' needs the role '${role}' on all tables for this`, { role });
}
