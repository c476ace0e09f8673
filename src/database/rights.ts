/** What may be done to a table. Each role may do what those before it may. */
export const roles = ['read', 'write', 'admin'] as const;

/**
 * `read`: documents, their past, what the table is. `write`: documents are created, changed, archived and restored; a table that is not there is
 * made by its first document. `admin`: documents are erased, the table is made, changed and dropped, and its indexes too.
 */
export type Role = (typeof roles)[number];

/** What somebody may do. The greater of the two roles counts. */
export interface Rights {
  /** On every table, those included that are still to come; null: nothing. An `admin` everywhere may also do what is about the whole server. */
  readonly everywhere: Role | null;
  /** On the table of this name, whether it is there or not. */
  readonly tables: ReadonlyMap<string, Role>;
}

export const allRights: Rights = Object.freeze({ everywhere: 'admin', tables: new Map() });

const ranks = { read: 1, write: 2, admin: 3 } as const satisfies Record<Role, number>;

/** Whether these rights have at least this role on every table. */
export function hasEverywhere({ everywhere }: Rights, role: Role): boolean {
  return everywhere !== null && ranks[everywhere] >= ranks[role];
}

/** Whether these rights have at least this role on the table. */
export function hasOnTable(rights: Rights, role: Role, table: string): boolean {
  if (hasEverywhere(rights, role)) return true;
  const own = rights.tables.get(table);
  return own !== undefined && ranks[own] >= ranks[role];
}

/** Whether there is anything at all that these rights allow. */
export function isAnythingAllowed({ everywhere, tables }: Rights): boolean {
  return everywhere !== null || tables.size > 0;
}

/**
 * The rights that texts such as `read` (on every table) and `write:orders` (on that table) come to: of several for the same, the greatest.
 * Null for a text that is none. The name of a table is everything behind the first colon.
 */
export function parseRights(texts: readonly string[]): Rights | null {
  let everywhere: Role | null = null;
  const tables = new Map<string, Role>();
  for (const text of texts) {
    const grant = parseGrant(text);
    if (grant === null) return null;
    const { role, table } = grant;
    if (table === null) everywhere = greater(everywhere, role);
    else tables.set(table, greater(tables.get(table) ?? null, role));
  }
  return Object.freeze({ everywhere, tables });
}

/** What `parseRights` takes; the role everywhere first, then tables by name. */
export function formatRights({ everywhere, tables }: Rights): readonly string[] {
  const names = [...tables.keys()].sort();
  return [...(everywhere === null ? [] : [everywhere]), ...names.map((name) => `${tables.get(name)}:${name}`)];
}

function parseGrant(text: string): { readonly role: Role; readonly table: string | null } | null {
  const colon = text.indexOf(':');
  const name = colon === -1 ? text : text.slice(0, colon);
  const role = roles.find((known) => known === name);
  if (role === undefined) return null;
  if (colon === -1) return { role, table: null };
  const table = text.slice(colon + 1);
  return table === '' ? null : { role, table };
}

function greater(left: Role | null, right: Role): Role {
  return left !== null && ranks[left] >= ranks[right] ? left : right;
}
