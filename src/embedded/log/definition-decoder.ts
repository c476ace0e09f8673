import type { IndexKind } from '../../database/table.ts';
import type { Archived } from '../../query/find-query.ts';
import type { ByteReader } from './byte-reader.ts';
import { MalformedError, UnknownKindError } from './log-error.ts';
import { parseStoredJson } from './payload-decoder.ts';
import { type IndexRecord, indexFlags, type SettingRecord } from './record.ts';
import { settingKey } from './setting-key.ts';

const kindsByCode = new Map<number, IndexKind>([
  [1, 'HASH'],
  [2, 'ORDERED'],
]);
const archivedByCode = new Map<number, Archived>([
  [0, 'EXCLUDE'],
  [1, 'INCLUDE'],
  [2, 'ONLY'],
]);

/** Reads the payload of a `putIndex` record. @throws {MalformedError} @throws {UnknownKindError} */
export function decodeIndex(reader: ByteReader): IndexRecord {
  const id = reader.uuid();
  const tableId = reader.uuid();
  const createdAt = reader.int64();
  const kindCode = reader.uint8();
  const flags = reader.uint8();
  const archivedCode = reader.uint8();
  const kind = kindsByCode.get(kindCode);
  const archived = archivedByCode.get(archivedCode);
  if (kind === undefined) throw new UnknownKindError(`an index of kind ${kindCode}`);
  if (flags > (indexFlags.unique | indexFlags.ready)) throw new UnknownKindError(`an index with flags ${flags}`);
  if (archived === undefined) throw new UnknownKindError(`an index of documents of kind ${archivedCode}`);
  const paths: string[] = [];
  for (let left = reader.uint16(); left > 0; left -= 1) paths.push(reader.lengthAndText());
  if (paths.length === 0) throw new MalformedError('an index of no paths');
  const unique = (flags & indexFlags.unique) !== 0;
  const ready = (flags & indexFlags.ready) !== 0;
  return { id, tableId, paths, kind, unique, archived, ready, createdAt };
}

/** Reads the payload of a `putSetting` record, to the reader's limit. @throws {MalformedError} */
export function decodeSetting(reader: ByteReader): SettingRecord {
  const key = reader.uuid();
  const name = reader.lengthAndText();
  if (key !== settingKey(name)) throw new MalformedError(`setting ${name} under the key ${key}, which is not its own`);
  return { name, value: parseStoredJson(reader.text(reader.remaining)) };
}
