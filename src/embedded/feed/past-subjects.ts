import type { Document } from '../../document/document.ts';
import { defaultTable } from '../../document/document.ts';
import { putDocumentOf } from '../history/document-history.ts';
import type { PastFiles } from '../history/history-reader.ts';
import { subjects } from '../history/index-entry.ts';
import { ByteReader } from '../log/byte-reader.ts';
import { PayloadDecoder } from '../log/payload-decoder.ts';
import { recordKinds, recordSaltBytes } from '../log/record.ts';
import { readUuid, uuidBytes } from '../log/uuid-bytes.ts';
import type { State } from '../state.ts';

/** Where the payload of a record begins: behind its length, salt and kind. */
const payloadAt = 4 + recordSaltBytes + 1;

/** The name of a table that was dropped; null when nothing tells it any more. */
export async function nameOfDroppedTable(files: PastFiles, state: State, id: string): Promise<string | null> {
  if (id === defaultTable.id) return defaultTable.name;
  const again = state.tableById(id);
  if (again !== undefined) return again.reference.name;
  for (const segment of files.segments.toReversed()) {
    const lookup = await files.open(segment);
    const entries = await lookup.versions(subjects.table, id);
    const put = entries.find(({ kind }) => kind === recordKinds.putTable);
    if (put === undefined) continue;
    const record = await lookup.record(put);
    return new PayloadDecoder().table(new ByteReader(record, payloadAt, record.length)).name;
  }
  return null;
}

/** The version of a document that an erasure took away; null when nothing of it is left on disk, or it is of a table that is gone. */
export async function readErased(
  files: PastFiles,
  state: State,
  { id, previousSequence }: { readonly id: string; readonly previousSequence: number },
): Promise<Document | null> {
  if (previousSequence <= files.floor) return (await (await files.base())?.document(id)) ?? null;
  const lookup = await files.open(files.segmentOf(previousSequence));
  const entries = await lookup.versions(subjects.document, id);
  const put = entries.find(({ kind, sequence }) => kind === recordKinds.putDocument && sequence === previousSequence);
  if (put === undefined) return null;
  const table = state.tableById(readUuid(await lookup.record(put), payloadAt + uuidBytes));
  return table === undefined ? null : putDocumentOf(lookup, put, table.reference);
}
