import type { ByteReader } from './byte-reader.ts';
import { UnknownKindError } from './log-error.ts';
import { type KeyRecord, keyDigestBytes, keyFlags } from './record.ts';

/** Reads the payload of a `putKey` record of commit `sequence`, to the reader's limit. @throws {MalformedError} @throws {UnknownKindError} */
export function decodeKey(reader: ByteReader, sequence: number): KeyRecord {
  const id = reader.uuid();
  const digest = reader.hex(keyDigestBytes);
  const committedAt = reader.int64();
  const forgottenBefore = reader.int64();
  const flags = reader.uint8();
  if (flags > keyFlags.erases) throw new UnknownKindError(`an idempotency key with flags ${flags}`);
  const documentIds: string[] = [];
  while (reader.remaining > 0) documentIds.push(reader.uuid());
  return { id, sequence, committedAt, digest, forgottenBefore, erases: flags !== 0, documentIds };
}
