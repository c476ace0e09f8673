import type { Database } from '../database/database.ts';
import { anonymous } from '../database/principal.ts';
import type { DatabaseStatus, WriteState } from '../database/status.ts';
import type { LoadGauge } from './load-gauge.ts';

/** One thing that can be wrong with a server. */
export interface HealthCheck {
  readonly name: string;
  readonly ok: boolean;
  /** Whether the server is not ready while it is not ok. A full disk or memory refuses some writes and leaves all else to be served. */
  readonly required: boolean;
  /** What is wrong, or is to be known. */
  readonly reason?: string;
}

/** What `GET /readyz` tells. */
export interface Health {
  readonly ready: boolean;
  readonly writes: WriteState | null;
  readonly checks: readonly HealthCheck[];
}

/** Asks the database and the process how they are. @param report is told why the database does not say. */
export async function checkHealth(
  database: Database,
  load: LoadGauge,
  report: (error: unknown) => void,
): Promise<Health> {
  const status = await statusOf(database, report);
  const { overload } = load;
  const checks = [
    check('database', true, status === null ? 'it does not say how it is: see the log' : undefined),
    ...(status === null ? [] : databaseChecks(status)),
    check('load', true, overload ?? undefined),
  ];
  return { ready: checks.every(({ ok, required }) => ok || !required), writes: status?.writes ?? null, checks };
}

function databaseChecks({ writes, memory, indexBuilds }: DatabaseStatus): HealthCheck[] {
  const diskProblem =
    writes === 'failed'
      ? 'the disk failed: nothing is written any more, and the server stops'
      : writes === 'stalled'
        ? 'writes wait for a disk that has not answered for long'
        : undefined;
  const room = writes === 'storageFull' ? 'the last write found no room: writes are refused, reads go on' : undefined;
  const memoryProblem =
    writes === 'memoryFull'
      ? `the documents take ${memory.bytes} of ${memory.bytesMax} bytes: creates and updates are refused, reads go on`
      : undefined;
  const building = indexBuilds.length === 0 ? {} : { reason: `${indexBuilds.length} are being filled` };
  return [
    check('disk', true, diskProblem),
    check('storage', false, room),
    check('memory', false, memoryProblem),
    { ...check('indexes', false, undefined), ...building },
  ];
}

function check(name: string, required: boolean, problem: string | undefined): HealthCheck {
  return { name, ok: problem === undefined, required, ...(problem === undefined ? {} : { reason: problem }) };
}

/** Null when the database does not say. */
async function statusOf(database: Database, report: (error: unknown) => void): Promise<DatabaseStatus | null> {
  try {
    return await database.status(anonymous);
  } catch (error) {
    report(error);
    return null;
  }
}
