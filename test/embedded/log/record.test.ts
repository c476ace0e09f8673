import { expect, test } from 'vitest';
import { type Document, defaultTable } from '../../../src/document/document.ts';
import type { JsonObject } from '../../../src/document/json.ts';
import { CorruptionError } from '../../../src/embedded/log/log-error.ts';
import { type CommitRecord, encodeCommit, type LogRecord } from '../../../src/embedded/log/record.ts';
import { SeededRandom } from '../../fault/seeded-random.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { appendFrame, commitOf, documentId, documentOf, openLog, putCommit, startTime } from './log-fixture.ts';

const random = new SeededRandom(7);
const table = { id: documentId(900), name: 'users' };

/** What the log gives back, after a clean stop, for what was written to it, one frame a commit. */
async function roundTrip(commits: readonly CommitRecord[]): Promise<CommitRecord[]> {
  const fileSystem = new SimulatedFileSystem();
  const { log } = await openLog(fileSystem);
  for (const commit of commits) await appendFrame(log, [commit], random);
  await log.close();
  const { recovered, log: opened } = await openLog(fileSystem);
  await opened.close();
  return recovered;
}

async function roundTripDocument(body: JsonObject, more: Partial<Document> = {}): Promise<Document | undefined> {
  const [commit] = await roundTrip([commitOf(1, [{ kind: 'putDocument', document: documentOf(1, body, more) }])]);
  const record = commit?.records[0];
  return record?.kind === 'putDocument' ? record.document : undefined;
}

const putTable: LogRecord = {
  kind: 'putTable',
  table: { ...table, createdAt: startTime, settings: { readOnly: false, schema: { type: 'object' } } },
};

test.each<LogRecord>([
  { kind: 'eraseDocument', id: documentId(1), previousSequence: 2 ** 53 - 1 },
  putTable,
  { kind: 'dropTable', id: documentId(2) },
  {
    kind: 'putIndex',
    index: {
      id: documentId(3),
      tableId: table.id,
      paths: ['Straße.name', 'a.b'],
      kind: 'HASH',
      unique: true,
      archived: 'EXCLUDE',
      ready: false,
      createdAt: 5,
    },
  },
  {
    kind: 'putIndex',
    index: {
      id: documentId(3),
      tableId: table.id,
      paths: ['x'],
      kind: 'ORDERED',
      unique: false,
      archived: 'ONLY',
      ready: true,
      createdAt: -5,
    },
  },
  { kind: 'dropIndex', id: documentId(4) },
  { kind: 'putSetting', setting: { name: 'größe', value: null } },
  { kind: 'putSetting', setting: { name: '', value: [1, { a: 12345678901234567890n }, 'x'] } },
])('a $kind record comes back as it was', async (record) => {
  const commit = commitOf(1, [record]);
  expect(await roundTrip([commit])).toEqual([commit]);
});

test('a document comes back as it was: table, flags, times before 1970, large numbers', async () => {
  const document = documentOf(
    2,
    { n: 1 },
    {
      table,
      tableNamed: true,
      name: 'Ünï\u0000çode 😀',
      version: 2 ** 32 - 1,
      createdAt: -1,
      updatedAt: 0,
      archivedAt: -(2 ** 40) - 3,
      createdSequence: 1,
      previousSequence: 1,
    },
  );
  const commits = [commitOf(1, [putTable]), commitOf(2, [{ kind: 'putDocument', document }])];
  expect(await roundTrip(commits)).toEqual(commits);
});

test('a body comes back exactly: big integers, decimals, astral characters, keys of the prototype, order of keys', async () => {
  const text =
    '{"z":12345678901234567890,"a":-9007199254740993,"d":0.1,"e":1e+300,"u":"\\u0000😀\\"","__proto__":{"x":1},' +
    '"constructor":[[],{},null,true],"digits":"1234567890123456789","f":123456789012345680000}';
  const body = JSON.parse(text, (key, value: unknown) => {
    if (key === 'z') return 12345678901234567890n;
    return key === 'a' ? -9007199254740993n : value;
  });
  const document = await roundTripDocument(body);
  expect(document?.body).toEqual(body);
  expect(Object.keys(document?.body ?? {})).toEqual(Object.keys(body));
  expect(Object.getPrototypeOf(document?.body)).toBe(Object.prototype);
});

test('keys that differ in an escape alone come back as they were, one after the other', async () => {
  // V8's own parser takes the second for the first: https://github.com/nodejs/node/issues/63785
  const bodies = ['\\', '"', '\n', '\u0001', 'a\\', 'a"'].map((key) => ({ h: 1, [key]: 2 }));
  const commits = bodies.map((body, index) =>
    commitOf(index + 1, [{ kind: 'putDocument', document: documentOf(index + 1, body) }]),
  );
  expect(await roundTrip(commits)).toEqual(commits);
});

test('a body of several megabytes comes back, in a frame larger than a segment', async () => {
  const body = { text: 'é'.repeat(3 * 1024 * 1024) };
  expect((await roundTripDocument(body))?.body).toEqual(body);
});

test('a document named like its table shares the string with it', async () => {
  const document = await roundTripDocument({}, { name: 'default' });
  expect(document).toMatchObject({ name: 'default', table: defaultTable });
});

test('a document of a table that was put again carries the name it has then', async () => {
  const renamed: LogRecord = { kind: 'putTable', table: { id: table.id, name: 'people', createdAt: 1, settings: {} } };
  const before = documentOf(1, {}, { table });
  const after = documentOf(2, {}, { table: { id: table.id, name: 'people' } });
  const commits = [
    commitOf(1, [putTable, { kind: 'putDocument', document: before }]),
    commitOf(2, [renamed, { kind: 'putDocument', document: after }]),
  ];
  expect(await roundTrip(commits)).toEqual(commits);
});

test('documents of a table share what they say of it, also when that was told something else meanwhile', async () => {
  const again: LogRecord = {
    kind: 'putTable',
    table: { ...table, createdAt: startTime, settings: { readOnly: true } },
  };
  const put = (number: number): LogRecord => ({ kind: 'putDocument', document: documentOf(number, {}, { table }) });
  const commits = await roundTrip([commitOf(1, [putTable, put(1), again]), commitOf(2, [put(2)])]);
  const tables = commits.flatMap(({ records }) =>
    records.flatMap((record) => (record.kind === 'putDocument' ? [record.document.table] : [])),
  );
  expect(tables).toEqual([table, table]);
  expect(tables[0]).toBe(tables[1]);
});

test('a document of a table that there is not, or not any more, is refused', async () => {
  const putDocument: LogRecord = { kind: 'putDocument', document: documentOf(1, {}, { table }) };
  await expect(roundTrip([commitOf(1, [putDocument])])).rejects.toThrow(CorruptionError);
  const dropped: LogRecord = { kind: 'dropTable', id: table.id };
  const commits = [commitOf(1, [putTable, putDocument, dropped, putDocument])];
  await expect(roundTrip(commits)).rejects.toThrow(CorruptionError);
});

test('the default table may have settings, and is there still when it was dropped', async () => {
  const { id, name } = defaultTable;
  const put: LogRecord = { kind: 'putTable', table: { id, name, createdAt: startTime, settings: { readOnly: true } } };
  const document = documentOf(2, {});
  const commits = [commitOf(1, [put, { kind: 'dropTable', id }]), commitOf(2, [{ kind: 'putDocument', document }])];
  expect(await roundTrip(commits)).toEqual(commits);
});

test('the default table under another name is refused', async () => {
  const table = { id: defaultTable.id, name: 'people', createdAt: startTime, settings: {} };
  await expect(roundTrip([commitOf(1, [{ kind: 'putTable', table }])])).rejects.toThrow(CorruptionError);
});

test.each<Partial<CommitRecord>>([
  { idempotencyKey: 'key-ü', requestDigest: Uint8Array.of(1, 2, 3) },
  { idempotencyKey: '', requestDigest: null },
  { idempotencyKey: null, requestDigest: Uint8Array.from({ length: 32 }, (_, index) => index) },
  { principal: 'é'.repeat(127), committedAt: -1 },
])('the metadata of a commit comes back as it was: %o', async (more) => {
  const commit = commitOf(1, [{ kind: 'dropIndex', id: documentId(4) }], more);
  expect(await roundTrip([commit])).toEqual([commit]);
});

test('a key comes back as it was, with as many documents as there were', async () => {
  const key = { committedAt: startTime, digest: '0123456789abcdef'.repeat(2) };
  const keys = [
    { ...key, id: documentId(9), sequence: 1, forgottenBefore: 0, erases: true, documentIds: [] },
    {
      ...key,
      id: documentId(9),
      sequence: 2,
      forgottenBefore: 2,
      erases: false,
      documentIds: [1, 1, 3].map(documentId),
    },
  ];
  const commits = keys.map((put, index) => commitOf(index + 1, [{ kind: 'putKey', key: put }]));
  expect(await roundTrip(commits)).toEqual(commits);
});

test('what cannot be written down is refused before it reaches the log', () => {
  expect(() => encodeCommit({ ...putCommit(1), principal: 'é'.repeat(128) }, random)).toThrow(RangeError);
  expect(() => encodeCommit({ ...putCommit(1), committedAt: 0.5 }, random)).toThrow(RangeError);
  const document = documentOf(1, {}, { bodyHash: 'abc' });
  expect(() => encodeCommit(commitOf(1, [{ kind: 'putDocument', document }]), random)).toThrow(RangeError);
  for (const id of [
    'NO-UUID',
    documentId(0xa).toUpperCase(),
    documentId(1).replace('-', '0'),
    documentId(1).replace('1', 'g'),
  ]) {
    expect(() => encodeCommit(commitOf(1, [{ kind: 'dropTable', id }]), random), id).toThrow(RangeError);
  }
});

test('a commit that was encoded does not change when others are encoded after it', () => {
  const first = encodeCommit(putCommit(1), new SeededRandom(1));
  const bytes = first.bytes.toString('hex');
  encodeCommit(putCommit(2, { other: true }), new SeededRandom(2));
  expect(first.bytes.toString('hex')).toBe(bytes);
});
