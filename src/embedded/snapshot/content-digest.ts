import { createHash } from 'node:crypto';
import { ByteWriter } from '../log/byte-writer.ts';
import { writeDocument, writeIndex, writeKey, writeSetting, writeTable } from '../log/record-payload.ts';
import type { State } from '../state.ts';
import { entryKinds } from './snapshot-block.ts';

/**
 * The content digest (FORMAT.md, "Snapshot") that a snapshot of this state has, in hex: the digest of the state. Two databases with
 * one digest answer every read of the present alike, whatever is kept of their past and in which files.
 */
export function contentDigest(state: State): string {
  const digest = createHash('sha256');
  const writer = new ByteWriter();
  const addEntry = (kind: number, write: () => void): void => {
    writer.reset();
    writer.uint32(0);
    writer.uint8(kind);
    write();
    writer.patchUint32(0, writer.position - 4);
    digest.update(writer.written());
  };
  const { tables, indexes, settings } = state.definitions();
  for (const table of tables) addEntry(entryKinds.table, () => writeTable(writer, table));
  for (const index of indexes) addEntry(entryKinds.index, () => writeIndex(writer, index));
  for (const setting of settings) addEntry(entryKinds.setting, () => writeSetting(writer, setting));
  for (const document of state.documents.toArray().sort((a, b) => (a.id < b.id ? -1 : 1))) {
    addEntry(entryKinds.document, () => {
      writer.int64(document.sequence);
      writeDocument(writer, document);
    });
  }
  for (const key of state.keys.sorted()) {
    addEntry(entryKinds.key, () => {
      writer.int64(key.sequence);
      writeKey(writer, key);
    });
  }
  return digest.digest('hex');
}
