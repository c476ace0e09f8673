import { anonymous } from '../../database/principal.ts';
import { escapeKey, parsePath } from '../../document/path.ts';
import type { EmbeddedDatabase } from '../../embedded/embedded-database.ts';
import { DatabaseError } from '../../errors.ts';
import type { LegacyDatabase, LegacyTable } from './legacy-database.ts';

/**
 * Gives the tables the settings and indexes that they had. Each is checked against the documents as if a client had asked for it; what they do not
 * fit is told and left out, since the Python server did not look at the documents that were there.
 * @param refuse is told what was left out, and why.
 */
export async function carryOverSettings(
  database: EmbeddedDatabase,
  { tables, indexes }: LegacyDatabase,
  refuse: (text: string) => void,
): Promise<void> {
  const attempt = async (what: string, run: () => Promise<unknown>): Promise<boolean> => {
    try {
      await run();
      return true;
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      refuse(`${what} is left out: ${error.message}`);
      return false;
    }
  };
  const unique = new Map<string, ReadonlySet<string>>();
  for (const table of tables.values()) {
    const { name, schema } = table;
    if (schema !== null) {
      await attempt(`the schema of table '${name}'`, () => database.updateTable(anonymous, name, { schema }, false));
    }
    unique.set(name, await carryOverUniqueFields(database, table, attempt));
  }
  for (const [table, fields] of indexes) {
    for (const [field, type] of fields) {
      // A unique index serves equality, too.
      if (unique.get(table)?.has(field) === true) continue;
      const kind = type === 'hash' ? 'HASH' : 'ORDERED';
      // Fields of the Python server were keys at the top level, whatever is in them.
      await attempt(`the index on '${field}' of table '${table}'`, async () => {
        const paths = [parsePath(escapeKey(field), 'field')];
        await database.createIndex(anonymous, { table, paths, kind, unique: false, archived: 'INCLUDE' });
      });
    }
  }
  for (const { name, readOnly } of tables.values()) {
    if (!readOnly) continue;
    await attempt(`that table '${name}' is read-only`, () =>
      database.updateTable(anonymous, name, { readOnly: true }, false),
    );
  }
}

type Attempt = (what: string, run: () => Promise<unknown>) => Promise<boolean>;

/** @returns the fields that are unique now. */
async function carryOverUniqueFields(
  database: EmbeddedDatabase,
  { name, uniqueFields }: LegacyTable,
  attempt: Attempt,
): Promise<ReadonlySet<string>> {
  const unique = new Set<string>();
  for (const field of uniqueFields) {
    const uniquePaths = [...unique, field].map(escapeKey);
    const done = await attempt(`that '${field}' is unique in table '${name}'`, () =>
      database.updateTable(anonymous, name, { uniquePaths }, false),
    );
    if (done) unique.add(field);
  }
  return unique;
}
