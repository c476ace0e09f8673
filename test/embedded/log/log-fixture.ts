import { hashBody } from '../../../src/document/body-hash.ts';
import { type Document, defaultTable } from '../../../src/document/document.ts';
import type { JsonObject } from '../../../src/document/json.ts';
import { Log, type LogOptions } from '../../../src/embedded/log/log.ts';
import type { LogEvent } from '../../../src/embedded/log/log-event.ts';
import { type CommitRecord, encodeCommit, type LogRecord } from '../../../src/embedded/log/record.ts';
import type { Clock } from '../../../src/embedded/ports/clock.ts';
import type { Random } from '../../../src/embedded/ports/random.ts';
import type { LoadedSnapshot } from '../../../src/embedded/snapshot/snapshot-recovery.ts';
import { SeededRandom } from '../../fault/seeded-random.ts';
import type { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';

export const dataDirectory = '/data';
export const logDirectory = '/data/log';
export const startTime = 1_700_000_000_000;

/** Stands still, so that the same workload gives the same bytes. */
export const stillClock: Clock = {
  now: () => startTime,
  monotonic: () => 0,
  yield: () => Promise.resolve(),
  schedule: () => () => {},
};

/** For a clock whose time passes when somebody looks at it: what is scheduled comes when others had their turn. */
export const scheduleSoon: Clock['schedule'] = (_milliseconds, run) => {
  const immediate = setImmediate(run);
  return () => clearImmediate(immediate);
};

export interface OpenedLog {
  readonly log: Log;
  /** What the log held when it was opened. */
  readonly recovered: CommitRecord[];
  readonly events: LogEvent[];
  /** What it began with, when there was a snapshot. */
  readonly snapshots: LoadedSnapshot[];
}

export async function openLog(
  fileSystem: SimulatedFileSystem,
  { random = new SeededRandom(1), ...options }: Partial<LogOptions> = {},
): Promise<OpenedLog> {
  const recovered: CommitRecord[] = [];
  const events: LogEvent[] = [];
  const snapshots: LoadedSnapshot[] = [];
  const log = await Log.open({
    fileSystem,
    directory: dataDirectory,
    clock: stillClock,
    random,
    onSnapshot: (snapshot) => snapshots.push(snapshot),
    onCommit: (commit) => recovered.push(commit),
    onEvent: (event) => events.push(event),
    ...options,
  });
  return { log, recovered, events, snapshots };
}

export function documentId(number: number): string {
  return `0190a000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;
}

/** The document that commit `sequence` makes. */
export function documentOf(
  sequence: number,
  body: JsonObject = { n: sequence },
  more: Partial<Document> = {},
): Document {
  return {
    id: documentId(sequence),
    table: defaultTable,
    tableNamed: false,
    name: 'a',
    body,
    bodyHash: hashBody(body),
    version: 1,
    createdAt: startTime,
    updatedAt: null,
    archivedAt: null,
    sequence,
    createdSequence: sequence,
    previousSequence: 0,
    ...more,
  };
}

export function commitOf(
  sequence: number,
  records: readonly LogRecord[],
  more: Partial<CommitRecord> = {},
): CommitRecord {
  return {
    sequence,
    committedAt: startTime + sequence,
    principal: 'anonymous',
    idempotencyKey: null,
    requestDigest: null,
    records,
    ...more,
  };
}

/** A commit that puts one document. */
export function putCommit(sequence: number, body?: JsonObject): CommitRecord {
  return commitOf(sequence, [{ kind: 'putDocument', document: documentOf(sequence, body) }]);
}

/** Writes commits, those of one list as one frame. */
export async function appendFrame(log: Log, commits: readonly CommitRecord[], random: Random): Promise<void> {
  await log.append(commits.map((commit) => encodeCommit(commit, random)));
}
