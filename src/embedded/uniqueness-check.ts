import type { Document } from '../document/document.ts';
import type { TimeSlice } from './history/time-slice.ts';
import { SecondaryIndex } from './index/secondary-index.ts';
import { notUnique } from './index-builder.ts';
import type { State } from './state.ts';

/**
 * Looks whether the live documents of a table have each value at these paths once, without writing anything. What is written meanwhile may or may not be
 * among them.
 * @throws {DatabaseError} `UNIQUE_VIOLATION` with two documents that have the same.
 */
export async function checkUniquePath(
  state: State,
  name: string,
  paths: readonly string[],
  slice: TimeSlice,
): Promise<void> {
  const table = state.table(name);
  if (table === undefined) return;
  const { id: tableId } = table.reference;
  const traits = { id: tableId, tableId, paths, kind: 'HASH', unique: true, archived: 'EXCLUDE' } as const;
  // An index of nobody's: it is asked for keys only.
  const keys = new SecondaryIndex({ ...traits, ready: false, createdAt: 0 });
  const owners = new Map<string, Document>();
  let last: Document | undefined;
  await state.whole();
  for (;;) {
    const document = table.documents.at(table.documents.indexAfter(last));
    if (document === undefined) return;
    for (const text of keys.uniqueKeyTexts(document)) {
      const owner = owners.get(text);
      if (owner !== undefined && isStillOwner(state, keys, owner, text)) throw notUnique(owner, document, paths);
      owners.set(text, document);
    }
    last = document;
    if (slice.due) await slice.pause();
    // In a commit of which a part is there, a value may be with two documents that exchange it.
    if (state.unfinished !== null) await state.whole();
  }
}

/** It may have changed since it was looked at. */
function isStillOwner(state: State, keys: SecondaryIndex, { id }: Document, text: string): boolean {
  const current = state.document(id);
  return current !== undefined && keys.uniqueKeyTexts(current).includes(text);
}
