import { expect, test } from 'vitest';
import { keyId } from '../../../src/embedded/idempotency/request-key.ts';
import type { CommitRecord, KeyRecord } from '../../../src/embedded/log/record.ts';
import { verifyDirectory } from '../../../src/embedded/maintenance/verification.ts';
import { SeededRandom } from '../../fault/seeded-random.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import {
  appendFrame,
  commitOf,
  dataDirectory,
  documentId,
  documentOf,
  openLog,
  stillClock,
} from '../log/log-fixture.ts';

const random = new SeededRandom(1);

/** Two documents, with a key that fits but for `wrong`. */
function keyed(wrong: Partial<KeyRecord>, more: Partial<CommitRecord> = {}): CommitRecord {
  const commit = commitOf(
    1,
    [1, 2].map((number) => ({
      kind: 'putDocument',
      document: documentOf(number, {}, { sequence: 1, createdSequence: 1 }),
    })),
  );
  const key: KeyRecord = {
    id: keyId(commit.principal, 'a'),
    sequence: 1,
    committedAt: commit.committedAt,
    digest: '00'.repeat(16),
    forgottenBefore: 0,
    erases: false,
    documentIds: [documentId(1), documentId(2)],
    ...wrong,
  };
  return { ...commit, idempotencyKey: 'a', ...more, records: [...commit.records, { kind: 'putKey', key }] };
}

async function problemsOf(commit: CommitRecord): Promise<readonly string[]> {
  const fileSystem = new SimulatedFileSystem();
  const { log } = await openLog(fileSystem);
  await appendFrame(log, [commit], random);
  await log.close();
  const { problems } = await verifyDirectory({ fileSystem, clock: stillClock, directory: dataDirectory });
  return problems.map(({ reason }) => reason);
}

test('a key that fits its commit is sound, also when its text, or a document that it tells of, was erased', async () => {
  expect(await problemsOf(keyed({}))).toEqual([]);
  expect(await problemsOf(keyed({}, { idempotencyKey: null }))).toEqual([]);
  expect(
    await problemsOf(keyed({ documentIds: [documentId(9), documentId(1), documentId(9), documentId(2)] })),
  ).toEqual([]);
});

test.each<[string, Partial<KeyRecord>]>([
  ['tells another time', { committedAt: 5 }],
  ['is forgotten with it', { forgottenBefore: 2 }],
  ['is another one', { id: keyId('somebody else', 'a') }],
  [`does not tell of document ${documentId(2)}`, { documentIds: [documentId(1)] }],
  [`does not tell of document ${documentId(1)}`, { documentIds: [documentId(2)] }],
  [`does not tell of document ${documentId(2)}`, { documentIds: [documentId(2), documentId(1)] }],
])('verify tells of a key that %s', async (reason, wrong) => {
  expect(await problemsOf(keyed(wrong))).toContainEqual(expect.stringContaining(reason));
});
