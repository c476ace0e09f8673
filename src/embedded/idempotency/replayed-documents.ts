import type { Document } from '../../document/document.ts';
import { AnswerGoneError } from '../../errors.ts';
import { putDocumentOf } from '../history/document-history.ts';
import type { HistoryReader, PastFiles } from '../history/history-reader.ts';
import { subjects } from '../history/index-entry.ts';
import { type KeyRecord, recordKinds } from '../log/record.ts';
import type { State } from '../state.ts';

export interface ReplaySources {
  readonly state: State;
  readonly past: HistoryReader;
  /** The oldest sequence whose state is kept. */
  readonly oldest: () => number;
  /** Told when the disk does not give back what it should. */
  readonly onUnreadable: (sequence: number, cause: unknown) => void;
}

/**
 * The documents that a commit was answered with, as they were then: out of memory those that have not changed since, the others from disk.
 * @returns what to tell instead when they are not all there any more. Never throws: that the request was carried out is known, whatever has become of
 *   the disk.
 */
export async function replayedDocuments(
  key: KeyRecord,
  sources: ReplaySources,
): Promise<readonly Document[] | AnswerGoneError> {
  const gone = (why: string) => new AnswerGoneError(key, why, sources.oldest());
  if (key.erases) return gone('it erased documents, of which nothing is kept');
  const current = currentDocuments(key, sources.state);
  if (current === null) return gone(erasedSince);
  if (isUnchanged(key, current)) return current;
  let found: readonly Document[] | null;
  try {
    found = await sources.past.read(key.sequence, (files) => readCommit(files, key, current));
  } catch (cause) {
    sources.onUnreadable(key.sequence, cause);
    return gone('and its answer cannot be read from disk');
  }
  // Somebody may have erased one meanwhile.
  const stillThere = currentDocuments(key, sources.state);
  if (stillThere === null) return gone(erasedSince);
  if (found === null) return gone('and the history that its answer was in is not kept any more');
  return found.every(({ createdSequence }, index) => stillThere[index]?.createdSequence === createdSequence)
    ? found
    : gone(erasedSince);
}

const erasedSince = 'and a document of its answer was erased since';

/** What has become of the documents of the commit; null when one of them is gone. */
function currentDocuments({ documentIds, sequence }: KeyRecord, state: State): readonly Document[] | null {
  const documents: Document[] = [];
  for (const id of documentIds) {
    const document = state.document(id);
    // One that was made later has but the id of the one that was there.
    if (document === undefined || document.createdSequence > sequence) return null;
    documents.push(document);
  }
  return documents;
}

/** One commit may have written several versions of a document, each of which it was answered with. */
function isUnchanged({ sequence }: KeyRecord, current: readonly Document[]): boolean {
  return current.every((document) => document.sequence === sequence) && new Set(current).size === current.length;
}

/** @param current the documents by the same places, as they are now. @returns null when they are not all on disk. */
async function readCommit(
  files: PastFiles,
  { sequence }: KeyRecord,
  current: readonly Document[],
): Promise<readonly Document[] | null> {
  const versions = new Map<string, Document[]>();
  for (const [id, answered] of Map.groupBy(current, (document) => document.id)) {
    const [document] = answered;
    if (document === undefined) continue;
    const isUnchanged = answered.length === 1 && document.sequence === sequence;
    versions.set(id, isUnchanged ? [document] : await versionsOf(files, sequence, document));
    if (files.slice.due) await files.slice.pause();
  }
  const found: Document[] = [];
  for (const { id } of current) {
    const next = versions.get(id)?.shift();
    if (next === undefined) return null;
    found.push(next);
  }
  return [...versions.values()].every((left) => left.length === 0) ? found : null;
}

/** Those that one commit has written of a document, oldest first. */
async function versionsOf(files: PastFiles, sequence: number, { id, table }: Document): Promise<Document[]> {
  if (sequence <= files.floor) {
    const document = await (await files.base())?.document(id);
    return document?.sequence === sequence ? [document] : [];
  }
  const lookup = await files.open(files.segmentOf(sequence));
  const versions: Document[] = [];
  for (const entry of (await lookup.versions(subjects.document, id)).toReversed()) {
    if (entry.sequence !== sequence || entry.kind !== recordKinds.putDocument) continue;
    versions.push(await putDocumentOf(lookup, entry, table));
  }
  return versions;
}
