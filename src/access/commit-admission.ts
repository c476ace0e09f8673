import type { Admission, Operation } from '../database/operation.ts';
import type { Principal } from '../database/principal.ts';
import { hasEverywhere, hasOnTable, type Rights, type Role } from '../database/rights.ts';
import { requireOnTable } from './requirements.ts';

/** What each operation takes, on the table that its document is in. */
const needed = {
  create: 'write',
  update: 'write',
  patch: 'write',
  archive: 'write',
  restore: 'write',
  erase: 'admin',
  assert: 'read',
} as const satisfies Record<Operation['kind'], Role>;

/** Whether the rights admit the operations whatever they find, so that nothing has to be asked. */
export function isAdmittedAnyway(rights: Rights, operations: readonly Operation[]): boolean {
  if (hasEverywhere(rights, 'admin')) return true;
  return hasEverywhere(rights, 'write') && operations.every(({ kind }) => needed[kind] !== 'admin');
}

/**
 * A document that may not be read is not there: its id tells nothing. One that may be read and not changed is refused with `FORBIDDEN`, as is making
 * one in a table that may not be written.
 */
export function admissionOf(principal: Principal): Admission {
  return ({ kind }, table) => {
    if (kind !== 'create' && !hasOnTable(principal.rights, 'read', table)) return false;
    requireOnTable(principal, needed[kind], table);
    return true;
  };
}
