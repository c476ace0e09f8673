import type { Document } from '../../document/document.ts';
import { stringifyJson } from '../../document/json-serializer.ts';
import type { ByteWriter } from './byte-writer.ts';
import { needsExactParser } from './exact-parser.ts';
import {
  digestBytes,
  documentFlags,
  type IndexRecord,
  indexedDocuments,
  indexFlags,
  indexKinds,
  type KeyRecord,
  keyDigestBytes,
  keyFlags,
  type SettingRecord,
  type TableRecord,
} from './record.ts';
import { settingKey } from './setting-key.ts';

/** Writes the payload of a `putDocument` record (FORMAT.md, "Record"); an entry of a snapshot has the same. */
export function writeDocument(writer: ByteWriter, document: Document): void {
  const { updatedAt, archivedAt } = document;
  const body = stringifyJson(document.body);
  writer.uuid(document.id);
  writer.uuid(document.table.id);
  writer.uint8(
    (document.tableNamed ? documentFlags.tableNamed : 0) |
      (updatedAt === null ? 0 : documentFlags.updated) |
      (archivedAt === null ? 0 : documentFlags.archived) |
      (needsExactParser(body) ? documentFlags.exactParser : 0),
  );
  writer.uint32(document.version);
  writer.int64(document.createdAt);
  writer.int64(updatedAt ?? 0);
  writer.int64(archivedAt ?? 0);
  writer.int64(document.previousSequence);
  writer.int64(document.createdSequence);
  writer.hex(document.bodyHash, digestBytes);
  writer.lengthAndText(document.name);
  writer.text(body);
}

/** Writes the payload of a `putTable` record. */
export function writeTable(writer: ByteWriter, table: TableRecord): void {
  writer.uuid(table.id);
  writer.int64(table.createdAt);
  writer.lengthAndText(table.name);
  writer.text(stringifyJson(table.settings));
}

/** Writes the payload of a `putIndex` record. */
export function writeIndex(writer: ByteWriter, index: IndexRecord): void {
  writer.uuid(index.id);
  writer.uuid(index.tableId);
  writer.int64(index.createdAt);
  writer.uint8(indexKinds[index.kind]);
  writer.uint8((index.unique ? indexFlags.unique : 0) | (index.ready ? indexFlags.ready : 0));
  writer.uint8(indexedDocuments[index.archived]);
  writer.uint16(index.paths.length);
  for (const path of index.paths) writer.lengthAndText(path);
}

/** Writes the payload of a `putSetting` record. */
export function writeSetting(writer: ByteWriter, { name, value }: SettingRecord): void {
  writer.uuid(settingKey(name));
  writer.lengthAndText(name);
  writer.text(stringifyJson(value));
}

/** Writes the payload of a `putKey` record. */
export function writeKey(writer: ByteWriter, key: KeyRecord): void {
  writer.uuid(key.id);
  writer.hex(key.digest, keyDigestBytes);
  writer.int64(key.committedAt);
  writer.int64(key.forgottenBefore);
  writer.uint8(key.erases ? keyFlags.erases : 0);
  for (const id of key.documentIds) writer.uuid(id);
}
