import { keyId } from '../idempotency/request-key.ts';
import type { CommitRecord, LogRecord } from '../log/record.ts';

/** What is wrong with the idempotency key that a commit remembers. */
export function* keyProblems({
  sequence,
  committedAt,
  principal,
  idempotencyKey,
  records,
}: CommitRecord): Generator<string> {
  for (const record of records) {
    if (record.kind !== 'putKey') continue;
    const { key } = record;
    if (key.committedAt !== committedAt) yield `its idempotency key tells another time, ${key.committedAt}`;
    if (key.forgottenBefore > sequence) yield `its idempotency key is forgotten with it, before ${key.forgottenBefore}`;
    // The text may have been erased.
    if (idempotencyKey !== null && key.id !== keyId(principal, idempotencyKey)) {
      yield `its idempotency key is kept as ${key.id}, which is another one`;
    }
    const left = [...key.documentIds];
    for (const id of records.flatMap(writtenId)) {
      // Records may have been erased, so more may have been written.
      while (left.length > 0 && left[0] !== id) left.shift();
      if (left.shift() === undefined) yield `its idempotency key does not tell of document ${id}`;
    }
  }
}

function writtenId(record: LogRecord): string[] {
  if (record.kind === 'putDocument') return [record.document.id];
  return record.kind === 'eraseDocument' ? [record.id] : [];
}
