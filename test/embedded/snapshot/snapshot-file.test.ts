import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Document, defaultTable } from '../../../src/document/document.ts';
import { TimeSlice } from '../../../src/embedded/history/time-slice.ts';
import { CorruptionError, NewerFormatError } from '../../../src/embedded/log/log-error.ts';
import type {
  IndexRecord,
  KeyRecord,
  LogRecord,
  SettingRecord,
  TableRecord,
} from '../../../src/embedded/log/record.ts';
import { contentDigest } from '../../../src/embedded/snapshot/content-digest.ts';
import { entryKinds } from '../../../src/embedded/snapshot/snapshot-block.ts';
import { SnapshotReader } from '../../../src/embedded/snapshot/snapshot-reader.ts';
import { writeSnapshot } from '../../../src/embedded/snapshot/snapshot-writer.ts';
import { State } from '../../../src/embedded/state.ts';
import { SeededRandom } from '../../fault/seeded-random.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { commitOf, dataDirectory, documentId, documentOf, stillClock } from '../log/log-fixture.ts';
import {
  emptyContent,
  identity,
  readContent,
  type SnapshotContent,
  snapshotDirectory,
  writeContent,
} from './snapshot-fixture.ts';

const path = `${snapshotDirectory}/00000000000000000012.snapshot`;
const slice = () => new TimeSlice(stillClock);

async function emptyDisk(): Promise<SimulatedFileSystem> {
  const fileSystem = new SimulatedFileSystem();
  await fileSystem.makeDirectory(dataDirectory);
  return fileSystem;
}

function table(number: number): TableRecord {
  return { id: documentId(0xa000 + number), name: `table ${number}`, createdAt: number, settings: { n: number } };
}

function indexRecord(number: number): IndexRecord {
  return {
    id: documentId(0xb000 + number),
    tableId: table(1).id,
    paths: ['n', `p${number}`],
    kind: 'ORDERED',
    unique: false,
    archived: 'INCLUDE',
    ready: false,
    createdAt: number,
  };
}

/** Sorted by key. */
const someSettings: readonly SettingRecord[] = [
  { name: 'b', value: [] },
  { name: 'a', value: { n: 1 } },
];

/** Documents of several tables, some larger than a block, all of it over several blocks. */
function variedContent(): SnapshotContent {
  const tables = [table(1), table(2)];
  const sizes = [0, 10, 70_000, 5, 200_000, 1, 30_000, 40_000, 3, 64_000];
  const documents = sizes.map((size, index): Document => {
    const of = tables[index % 3];
    const times = index % 2 === 0 ? {} : { updatedAt: 5, archivedAt: 6, version: 3, previousSequence: 2 };
    const reference = of === undefined ? defaultTable : { id: of.id, name: of.name };
    return documentOf(index + 1, { n: index, text: 'ä'.repeat(size / 2) }, { ...times, table: reference });
  });
  return {
    tables,
    indexes: [indexRecord(1), indexRecord(2)],
    settings: someSettings,
    documents,
    keys: [keyRecord(1), keyRecord(2, 3)],
  };
}

function keyRecord(number: number, documents = 0): KeyRecord {
  return {
    id: documentId(0xb000 + number),
    sequence: 3,
    committedAt: 3,
    digest: '0123456789abcdef'.repeat(2),
    forgottenBefore: 0,
    erases: number % 2 === 0,
    documentIds: Array.from({ length: documents }, (_, index) => documentId(index + 1)),
  };
}

/** A snapshot of few bytes that has everything: a table, documents, an index. */
const smallContent: SnapshotContent = {
  ...emptyContent,
  tables: [table(1)],
  documents: [documentOf(1), documentOf(2, { text: 'two' }), documentOf(3)],
};

test('tables and documents come back as they were, over blocks, and with an entry larger than a block', async () => {
  const fileSystem = await emptyDisk();
  const content = variedContent();
  const written = await writeContent(fileSystem, content);
  expect(written).toMatchObject({ name: '00000000000000000012.snapshot', path, header: identity });
  expect(written.bytes).toBe(fileSystem.readBytes(path).length);
  expect(written.footer).toMatchObject({ tables: 2, indexes: 2, settings: 2, documents: 10, keys: 2 });
  expect(written.footer.blocks).toBeGreaterThan(4);
  expect(await readContent(fileSystem, path)).toEqual(content);
  expect(fileSystem.names(snapshotDirectory)).toEqual(['00000000000000000012.snapshot']);
});

test('bodies that only the exact parser reads come back between others', async () => {
  const fileSystem = await emptyDisk();
  const bodies = [{ n: 1 }, { n: 2n ** 60n + 1n }, {}, { 'a\nkey': '\\' }, { n: [3] }, { n: -(2n ** 64n + 1n) }];
  const documents = bodies.map((body, index) => documentOf(index + 1, body));
  await writeContent(fileSystem, { ...emptyContent, documents });
  expect(await readContent(fileSystem, path)).toEqual({ ...emptyContent, documents });
});

test('a large snapshot is synced while it is written, so that no sync in between finds all of it in its way', async () => {
  const fileSystem = await emptyDisk();
  let unsynced = 0;
  let most = 0;
  fileSystem.inject = (kind, _, size) => {
    unsynced = kind === 'write' ? unsynced + size : 0;
    most = Math.max(most, unsynced);
    return undefined;
  };
  const documents = Array.from({ length: 10 }, (_, index) => documentOf(index + 1, { text: 'x'.repeat(1_900_000) }));
  const { bytes } = await writeContent(fileSystem, { ...emptyContent, documents });
  expect(bytes).toBeGreaterThan(18_000_000);
  expect(most).toBeLessThan(11_000_000);
});

test('a snapshot of nothing is one', async () => {
  const fileSystem = await emptyDisk();
  await writeContent(fileSystem, emptyContent);
  expect(await readContent(fileSystem, path)).toEqual(emptyContent);
  const reader = await SnapshotReader.open(fileSystem, path);
  expect(reader.footer).toMatchObject({ blocks: 0, documents: 0 });
  expect(await reader.document(documentId(1))).toBeNull();
});

test('any documents come back as they were', async () => {
  const documents = fc.uniqueArray(fc.record({ id: fc.nat(1000), size: fc.nat(30_000) }), {
    selector: ({ id }) => id,
    maxLength: 40,
  });
  await fc.assert(
    fc.asyncProperty(documents, async (specifications) => {
      const fileSystem = await emptyDisk();
      const sorted = specifications
        .sort((a, b) => a.id - b.id)
        .map(({ id, size }) => documentOf(id + 1, { text: 'x'.repeat(size) }));
      await writeContent(fileSystem, { ...emptyContent, documents: sorted });
      expect((await readContent(fileSystem, path)).documents).toEqual(sorted);
    }),
    { numRuns: 30, seed: 7 },
  );
});

test('blocks are filled on after a pause in their middle', async () => {
  const fileSystem = await emptyDisk();
  const documents = Array.from({ length: 3000 }, (_, index) => documentOf(index + 1, { text: 'x'.repeat(500) }));
  const { footer } = await writeContent(fileSystem, { ...emptyContent, documents });
  // Length, kind and sequence; the payload without its body; the body.
  const entryBytes = 4 + 1 + 8 + (121 - 7) + '{"text":""}'.length + 500;
  const entriesInBlock = Math.ceil(65_536 / entryBytes);
  expect(footer.blocks - 1).toBe(Math.ceil(documents.length / entriesInBlock));
  expect((await readContent(fileSystem, path)).documents).toEqual(documents);
});

test('one document is found by its id, and none that is not there', async () => {
  const fileSystem = await emptyDisk();
  const documents = Array.from({ length: 400 }, (_, index) =>
    documentOf(index * 2 + 2, { n: index, text: 'x'.repeat(1000) }, { table: table(1) }),
  );
  const content = { ...emptyContent, tables: [table(1)], documents };
  await writeContent(fileSystem, content);
  const reader = await SnapshotReader.open(fileSystem, path);
  expect(reader.footer.blocks).toBeGreaterThan(6);
  for (const document of documents) {
    expect(await reader.document(document.id)).toMatchObject({ id: document.id, body: document.body });
  }
  for (const missing of [1, 3, 401, 801, 803]) expect(await reader.document(documentId(missing))).toBeNull();
  await reader.close();
});

test('entries are passed on as they stand, and make the same digest under another salt, time and place', async () => {
  const fileSystem = await emptyDisk();
  const content = variedContent();
  const first = await writeContent(fileSystem, content);
  const reader = await SnapshotReader.open(fileSystem, path);
  const copied = await writeSnapshot({
    fileSystem,
    directory: snapshotDirectory,
    role: 'base',
    header: { ...identity, sequence: 13 },
    clock: { ...stillClock, now: () => 99 },
    random: new SeededRandom(2),
    content: async (writer) => {
      for await (const entries of reader.entries(slice())) {
        for (const entry of entries) {
          if (!entry.isDocument || entry.sequence % 2 === 0) writer.entry(entry);
          else if (entry.kind === entryKinds.key) {
            writer.keyRecord(entry.sequence, entry.payload.subarray(entry.recordStart, entry.end));
          } else writer.documentRecord(entry.sequence, entry.payload.subarray(entry.recordStart, entry.end));
          // Blocks end elsewhere, since they are filled with what is written at once.
          if (writer.due) await writer.pause();
        }
      }
    },
  });
  expect(copied.name).toBe('00000000000000000013.base');
  expect(copied.footer.digest).toBe(first.footer.digest);
  expect(copied.header.salt).not.toEqual(first.header.salt);
  expect(await readContent(fileSystem, copied.path)).toEqual(content);
});

test('a different state has a different digest', async () => {
  const digests = new Set<string>();
  const variants: SnapshotContent[] = [
    smallContent,
    { ...smallContent, tables: [] },
    { ...smallContent, indexes: [indexRecord(1)] },
    { ...smallContent, indexes: [{ ...indexRecord(1), ready: true }] },
    { ...smallContent, settings: [{ name: 'a', value: 1 }] },
    { ...smallContent, keys: [keyRecord(1)] },
    { ...smallContent, keys: [keyRecord(1, 1)] },
    { ...smallContent, documents: smallContent.documents.slice(1) },
    { ...smallContent, documents: [documentOf(1), documentOf(2, { text: 'two' }), documentOf(3, {}, { sequence: 4 })] },
    { ...smallContent, documents: [documentOf(1), documentOf(2, { text: 'twa' }), documentOf(3)] },
  ];
  for (const content of variants) {
    digests.add((await writeContent(await emptyDisk(), content)).footer.digest);
  }
  expect(digests.size).toBe(variants.length);
});

test('the digest of a state is that of its snapshot, in whatever order its tables and documents came', async () => {
  const { tables, indexes, settings, documents, keys } = {
    ...smallContent,
    keys: [keyRecord(1), keyRecord(2)],
    indexes: [indexRecord(1), indexRecord(2)],
    settings: someSettings,
  };
  const state = new State();
  for (const [index, document] of [documents[1], documents[2], documents[0]].entries()) {
    if (document === undefined) throw new Error('there are three');
    const records: LogRecord[] = [{ kind: 'putDocument', document: { ...document, createdSequence: index + 1 } }];
    if (index === 2) {
      for (const put of tables) records.push({ kind: 'putTable', table: put });
      for (const put of indexes.toReversed()) records.push({ kind: 'putIndex', index: put });
      for (const put of settings.toReversed()) records.push({ kind: 'putSetting', setting: put });
      for (const put of keys.toReversed()) records.push({ kind: 'putKey', key: put });
    }
    state.apply(commitOf(index + 1, records));
  }
  const sorted = state.documents.toArray().sort((a, b) => (a.id < b.id ? -1 : 1));
  const written = await writeContent(await emptyDisk(), { tables, indexes, settings, documents: sorted, keys });
  expect(contentDigest(state)).toBe(written.footer.digest);
});

test('a snapshot that reads back as another one, whole as that is, does not get its name', async () => {
  const fileSystem = await emptyDisk();
  await writeContent(fileSystem, smallContent);
  const before = fileSystem.contents();
  const open = fileSystem.open.bind(fileSystem);
  fileSystem.open = (opened, mode) => open(mode === 'read' ? path : opened, mode);
  await expect(writeContent(fileSystem, variedContent())).rejects.toThrow('is not what was written to it');
  expect(fileSystem.contents()).toEqual(before);
});

test.each<[string, SnapshotContent]>([
  ['documents out of order', { ...emptyContent, documents: [documentOf(2), documentOf(1)] }],
  ['a document twice', { ...emptyContent, documents: [documentOf(1), documentOf(1)] }],
  ['keys out of order', { ...emptyContent, keys: [keyRecord(2), keyRecord(1)] }],
  ['tables out of order', { ...emptyContent, tables: [table(2), table(1)] }],
])('%s are refused before they are written, and nothing is left', async (_, content) => {
  const fileSystem = await emptyDisk();
  await expect(writeContent(fileSystem, content)).rejects.toThrow(RangeError);
  expect(fileSystem.names(snapshotDirectory)).toEqual([]);
});

test('a table behind a document is refused', async () => {
  const fileSystem = await emptyDisk();
  const writing = writeSnapshot({
    fileSystem,
    directory: snapshotDirectory,
    role: 'snapshot',
    header: identity,
    clock: stillClock,
    random: new SeededRandom(1),
    content: async (writer) => {
      writer.document(documentOf(1));
      writer.definitions({ ...emptyContent, tables: [table(1)] });
    },
  });
  await expect(writing).rejects.toThrow(RangeError);
});

/** What reading the whole snapshot comes to. */
async function tryRead(fileSystem: SimulatedFileSystem): Promise<SnapshotContent | Error> {
  try {
    return await readContent(fileSystem, path);
  } catch (error) {
    if (error instanceof CorruptionError || error instanceof NewerFormatError) return error;
    throw error;
  }
}

test('every byte flipped or zeroed is noticed', async () => {
  const fileSystem = await emptyDisk();
  await writeContent(fileSystem, smallContent);
  const bytes = fileSystem.readBytes(path);
  const random = new SeededRandom(3);
  for (let offset = 0; offset < bytes.length; offset += 1) {
    const byte = bytes[offset] ?? 0;
    for (const damaged of new Set([byte ^ (1 << random.below(8)), byte ^ 0xff, 0])) {
      if (damaged === byte) continue;
      fileSystem.replaceBytes(path, bytes.with(offset, damaged));
      const error = await tryRead(fileSystem);
      expect(error, `offset ${offset}`).toBeInstanceOf(CorruptionError);
      expect(error).toMatchObject({ position: { file: path } });
    }
  }
});

test('cut at any offset, or followed by anything, it is noticed', async () => {
  const fileSystem = await emptyDisk();
  await writeContent(fileSystem, smallContent);
  const bytes = fileSystem.readBytes(path);
  for (let length = 0; length < bytes.length; length += 1) {
    fileSystem.replaceBytes(path, bytes.subarray(0, length));
    expect(await tryRead(fileSystem), `length ${length}`).toBeInstanceOf(CorruptionError);
  }
  for (const more of [Buffer.of(0), bytes, Buffer.alloc(4096)]) {
    fileSystem.replaceBytes(path, Buffer.concat([bytes, more]));
    expect(await tryRead(fileSystem)).toBeInstanceOf(CorruptionError);
  }
});

test('a lookup never gives a damaged document', async () => {
  const fileSystem = await emptyDisk();
  await writeContent(fileSystem, smallContent);
  const bytes = fileSystem.readBytes(path);
  for (let offset = 0; offset < bytes.length; offset += 1) {
    fileSystem.replaceBytes(path, bytes.with(offset, (bytes[offset] ?? 0) ^ 0x10));
    let found: Document | null | undefined;
    try {
      const reader = await SnapshotReader.open(fileSystem, path);
      found = await reader.document(documentId(2));
    } catch (error) {
      expect(error).toBeInstanceOf(CorruptionError);
      continue;
    }
    expect(found, `offset ${offset}`).toEqual(documentOf(2, { text: 'two' }));
  }
});

test('blocks of another snapshot of the same database, or moved within one, are noticed', async () => {
  const fileSystem = await emptyDisk();
  const documents = Array.from({ length: 6 }, (_, index) => documentOf(index + 1, { text: 'x'.repeat(65_536) }));
  await writeContent(fileSystem, { ...emptyContent, documents });
  const bytes = fileSystem.readBytes(path);
  const blockBytes = 20 + bytes.readUInt32LE(128);
  const block = (number: number) => bytes.subarray(128 + number * blockBytes, 128 + (number + 1) * blockBytes);
  const swapped = Buffer.from(bytes);
  swapped.set(block(1), 128);
  swapped.set(block(0), 128 + blockBytes);
  fileSystem.replaceBytes(path, swapped);
  expect(await tryRead(fileSystem)).toBeInstanceOf(CorruptionError);

  fileSystem.replaceBytes(path, bytes);
  const other = await writeContent(
    fileSystem,
    { ...emptyContent, documents },
    { random: new SeededRandom(2), header: { ...identity, sequence: 13 } },
  );
  const foreign = Buffer.from(bytes);
  foreign.set(fileSystem.readBytes(other.path).subarray(128, 128 + blockBytes), 128);
  fileSystem.replaceBytes(path, foreign);
  expect(await tryRead(fileSystem)).toBeInstanceOf(CorruptionError);
});
