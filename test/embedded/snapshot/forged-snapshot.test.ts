import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import type { Document } from '../../../src/document/document.ts';
import { ByteWriter } from '../../../src/embedded/log/byte-writer.ts';
import { FrameSalt } from '../../../src/embedded/log/frame.ts';
import { CorruptionError, NewerFormatError } from '../../../src/embedded/log/log-error.ts';
import { writeDocument, writeTable } from '../../../src/embedded/log/record-payload.ts';
import {
  blockHeaderBytes,
  blockKinds,
  entryKinds,
  writeBlockHeader,
} from '../../../src/embedded/snapshot/snapshot-block.ts';
import {
  encodeSnapshotFooter,
  encodeSnapshotHeader,
  type SnapshotFooter,
} from '../../../src/embedded/snapshot/snapshot-header.ts';
import { SnapshotReader } from '../../../src/embedded/snapshot/snapshot-reader.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { dataDirectory, documentId, documentOf } from '../log/log-fixture.ts';
import { identity, readContent, snapshotDirectory } from './snapshot-fixture.ts';

/*
 * Snapshots whose checksums all hold, but which no writer of this version writes: what a bug, another program or a newer version
 * could leave. Nothing of them may be believed.
 */

const path = `${snapshotDirectory}/00000000000000000012.snapshot`;
const header = { ...identity, salt: new Uint8Array(16).fill(9), createdAt: 1 };
const salt = new FrameSalt(header.salt);
const contentAt = 128;

interface ForgedBlock {
  readonly kind: number;
  readonly entryCount: number;
  readonly payload: Buffer;
  /** Changes the header before its checksum is made again. */
  readonly patch?: (header: Buffer) => void;
}

/** A file of these blocks, with the footer that fits them but for `footer`. */
function forge(blocks: readonly ForgedBlock[], footer: Partial<SnapshotFooter> = {}): Buffer {
  const parts = [encodeSnapshotHeader(header)];
  const digest = createHash('sha256');
  let offset = contentAt;
  let indexAt: number | null = null;
  let documents = 0;
  let tables = 0;
  let indexes = 0;
  for (const { kind, entryCount, payload, patch } of blocks) {
    const block = Buffer.concat([Buffer.alloc(blockHeaderBytes), payload]);
    writeBlockHeader(block, offset, salt, { kind, entryCount });
    patch?.(block);
    block.writeUInt32LE(crc32(block.subarray(0, blockHeaderBytes - 4), salt.seedAt(offset)), blockHeaderBytes - 4);
    if (kind === blockKinds.index) indexAt ??= offset;
    if (kind === blockKinds.content) {
      digest.update(payload);
      if (payload[4] === entryKinds.table) tables += entryCount;
      else if (payload[4] === entryKinds.index) indexes += entryCount;
      else documents += entryCount;
    }
    parts.push(block);
    offset += block.length;
  }
  const fitting = {
    indexAt: indexAt ?? offset,
    tables,
    indexes,
    settings: 0,
    documents,
    keys: 0,
    blocks: blocks.length,
    digest: digest.digest('hex'),
  };
  parts.push(encodeSnapshotFooter({ ...fitting, ...footer }, offset, salt));
  return Buffer.concat(parts);
}

function entry(kind: number, content: Buffer): Buffer {
  const start = Buffer.alloc(5);
  start.writeUInt32LE(1 + content.length, 0);
  start[4] = kind;
  return Buffer.concat([start, content]);
}

function documentEntry(document: Document, change: (payload: Buffer) => Buffer = (payload) => payload): Buffer {
  const writer = new ByteWriter();
  writer.int64(document.sequence);
  writeDocument(writer, document);
  return entry(entryKinds.document, change(Buffer.from(writer.written())));
}

function tableEntry(number: number): Buffer {
  const writer = new ByteWriter();
  writeTable(writer, { id: documentId(0xa000 + number), name: `table ${number}`, createdAt: 1, settings: {} });
  return entry(entryKinds.table, Buffer.from(writer.written()));
}

const content = (...entries: readonly Buffer[]): ForgedBlock => ({
  kind: blockKinds.content,
  entryCount: entries.length,
  payload: Buffer.concat(entries),
});

/** Tells that a block which begins at `offset` begins with document `number`. */
function index(...places: readonly (readonly [number, number])[]): ForgedBlock {
  const writer = new ByteWriter();
  for (const [number, offset] of places) {
    writer.uuid(documentId(number));
    writer.int64(offset);
  }
  return { kind: blockKinds.index, entryCount: places.length, payload: Buffer.from(writer.written()) };
}

const one = documentEntry(documentOf(1));
const two = documentEntry(documentOf(2));

async function diskWith(bytes: Buffer): Promise<SimulatedFileSystem> {
  const fileSystem = new SimulatedFileSystem();
  for (const directory of [dataDirectory, snapshotDirectory]) await fileSystem.makeDirectory(directory);
  fileSystem.replaceBytes(path, bytes);
  return fileSystem;
}

test('what the forger forges without a fault is a snapshot', async () => {
  const disk = await diskWith(
    forge([content(tableEntry(1)), content(one, two), index([1, contentAt + 20 + tableEntry(1).length])]),
  );
  expect((await readContent(disk, path)).documents).toEqual([documentOf(1), documentOf(2)]);
});

/** Changes a document's flags, which stand behind its sequence and two ids. */
const withFlags = (flags: number) => (payload: Buffer) => {
  payload[8 + 16 + 16] = flags;
  return payload;
};
const withBody = (text: string) => (payload: Buffer) => Buffer.concat([payload.subarray(0, -7), Buffer.from(text)]);
const unsafeSequence = (payload: Buffer) => {
  payload.fill(0xff, 0, 7);
  return payload;
};

test.each<[string, Buffer, string]>([
  ['an entry is too short to have a length', forge([content(Buffer.of(1, 0, 0))]), 'without its length'],
  ['an entry goes on behind its block', forge([content(one.subarray(0, -1))]), 'where'],
  ['an entry is too short for an id', forge([content(entry(entryKinds.table, Buffer.alloc(3)))]), 'an entry of'],
  ['documents are out of order', forge([content(two, one), index([2, contentAt])]), 'not behind the one before it'],
  ['a document is there twice', forge([content(one, one), index([1, contentAt])]), 'not behind the one before it'],
  [
    'a table comes behind a document',
    forge([content(one), content(tableEntry(1)), index([1, contentAt])]),
    'not behind the one before it',
  ],
  [
    'a block tells more entries than it has',
    forge([{ ...content(one), entryCount: 2 }, index([1, contentAt])]),
    'in which there are',
  ],
  ['a block has no entries', forge([content()]), 'without entries'],
  ['a block has tables and documents', forge([content(tableEntry(1), one)]), 'entries of several kinds'],
  ['content comes behind the index', forge([content(one), index([1, contentAt]), content(two)]), 'behind the index'],
  ['the index is missing', forge([content(one)]), 'does not go to its end'],
  ['the index tells another place', forge([content(one), index([1, contentAt + 1])]), 'not that of the documents'],
  ['the index tells another document', forge([content(one), index([2, contentAt])]), 'not that of the documents'],
  ['the index goes on', forge([content(one), index([1, contentAt], [2, contentAt])]), 'not that of the documents'],
  [
    'a block of the index tells more entries than it has',
    forge([content(one), { ...index([1, contentAt]), entryCount: 2 }]),
    'not that of the documents',
  ],
  ['the footer tells another number of tables', forge([content(one), index([1, contentAt])], { tables: 1 }), 'tables'],
  [
    'the footer tells another number of documents',
    forge([content(one), index([1, contentAt])], { documents: 2 }),
    'documents',
  ],
  ['the footer tells another number of blocks', forge([content(one), index([1, contentAt])], { blocks: 3 }), 'blocks'],
  [
    'the footer tells another place of the index',
    forge([content(one), index([1, contentAt])], { indexAt: 128 }),
    'indexAt',
  ],
  [
    'the footer tells another digest',
    forge([content(one), index([1, contentAt])], { digest: 'ab'.repeat(32) }),
    'digest',
  ],
  [
    'a block goes on behind the last',
    forge([{ ...content(one), patch: (block) => block.writeUInt32LE(5000, 0) }]),
    'where',
  ],
  [
    'a body is not JSON',
    forge([content(documentEntry(documentOf(1), withBody('{"n":1'))), index([1, contentAt])]),
    'not JSON',
  ],
  [
    'a body is two',
    forge([content(documentEntry(documentOf(1), withBody('{"n":1},{"n":2}'))), index([1, contentAt])]),
    'not those of 1 documents',
  ],
  [
    'a body goes on in the next document',
    forge([
      content(documentEntry(documentOf(1), withBody('{"n":[1')), documentEntry(documentOf(2), withBody('2]}'))),
      index([1, contentAt]),
    ]),
    'not those of 2 documents',
  ],
  [
    'a body is no object',
    forge([content(documentEntry(documentOf(1), withBody('[1]'))), index([1, contentAt])]),
    'no object',
  ],
  [
    'a document is of a table that there is not',
    forge([
      content(documentEntry(documentOf(1, {}, { table: { id: documentId(5), name: 'x' } }))),
      index([1, contentAt]),
    ]),
    'which there is not',
  ],
  [
    'a sequence is none',
    forge([content(documentEntry(documentOf(1), unsafeSequence)), index([1, contentAt])]),
    'not an integer',
  ],
  [
    'a document ends before its fields do',
    forge([content(documentEntry(documentOf(1), (payload) => payload.subarray(0, 60))), index([1, contentAt])]),
    'are left',
  ],
])('a snapshot is damaged when %s', async (_, bytes, reason) => {
  const error = await readContent(await diskWith(bytes), path).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(CorruptionError);
  expect(error).toMatchObject({ reason: expect.stringContaining(reason), position: { file: path } });
});

test.each<[string, Buffer]>([
  ['a block of an unknown kind', forge([{ ...content(one), kind: 3 }])],
  ['a block with flags', forge([{ ...content(one), patch: (block) => block.writeUInt8(1, 10) }])],
  ['an entry of an unknown kind', forge([content(entry(10, Buffer.alloc(40)))])],
  [
    'a key with unknown flags',
    forge([content(entry(entryKinds.key, Buffer.alloc(57).fill(2, 56)))], { keys: 1, documents: 0 }),
  ],
  [
    'a document with unknown flags',
    forge([content(documentEntry(documentOf(1), withFlags(64))), index([1, contentAt])]),
  ],
])('a snapshot is of a newer version when it has %s', async (_, bytes) => {
  await expect(readContent(await diskWith(bytes), path)).rejects.toBeInstanceOf(NewerFormatError);
});

test.each<[string, Buffer]>([
  ['is of no whole number of entries', forge([content(one), { kind: 2, entryCount: 1, payload: Buffer.alloc(23) }])],
  ['tells of a block behind the last one', forge([content(one), index([1, contentAt + 20 + one.length + 20 + 24])])],
  ['lets documents begin behind the last block', forge([content(tableEntry(1)), index([1, 100_000])])],
  ['has content behind it', forge([content(one), index([1, contentAt]), content(two)])],
  ['leaves documents out', forge([content(one), content(two), index([2, contentAt + 20 + one.length])])],
])('a lookup finds an index damaged that %s', async (_, bytes) => {
  const reader = await SnapshotReader.open(await diskWith(bytes), path);
  await expect(reader.document(documentId(2))).rejects.toBeInstanceOf(CorruptionError);
  await reader.close();
});

test('a file that becomes shorter while it is read is damaged', async () => {
  const disk = await diskWith(forge([content(one), index([1, contentAt])]));
  const reader = await SnapshotReader.open(disk, path);
  const file = await disk.open(path, 'write');
  await file.truncate(140);
  await expect(reader.document(documentId(1))).rejects.toThrow('shorter');
});
