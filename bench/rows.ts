import type { Row } from './bench.ts';
import { runAuthentication } from './rows/authentication.ts';
import { runChanges } from './rows/changes.ts';
import { runCrowd } from './rows/crowd.ts';
import { runEventLoop } from './rows/event-loop.ts';
import { runImport } from './rows/import.ts';
import { runFilters, runQueries } from './rows/in-process.ts';
import { runIndexBuilds } from './rows/index-builds.ts';
import { runFind, runRange } from './rows/indexed-queries.ts';
import { runLargeAnswers } from './rows/large-answers.ts';
import { runMemory } from './rows/memory.ts';
import { runPostgraphile, runRedis } from './rows/peers.ts';
import { runBulkCreate, runCreate, runGet, runGraphqlCreate, runGraphqlGet } from './rows/requests.ts';
import { runEmptyStart, runRestart } from './rows/restart.ts';
import { runScale } from './rows/scale.ts';
import { runScanLoad } from './rows/scan-load.ts';
import { runSnapshotLoad } from './rows/snapshot-load.ts';

/** All that there is to measure, in the order of the report. */
export const rows: readonly Row[] = [
  { name: 'get', run: runGet },
  { name: 'create', run: runCreate },
  { name: 'bulk-create', run: runBulkCreate },
  { name: 'graphql-get', run: runGraphqlGet },
  { name: 'graphql-create', run: runGraphqlCreate },
  { name: 'authentication', run: runAuthentication },
  { name: 'import', run: runImport },
  { name: 'find', run: runFind },
  { name: 'range', run: runRange },
  { name: 'filters', run: runFilters },
  { name: 'queries', run: runQueries },
  { name: 'scan-load', run: runScanLoad },
  { name: 'changes', run: runChanges },
  { name: 'memory', run: runMemory },
  { name: 'empty-start', run: runEmptyStart },
  { name: 'restart', run: runRestart },
  { name: 'snapshot-load', run: runSnapshotLoad },
  { name: 'event-loop', run: runEventLoop },
  { name: 'index-builds', run: runIndexBuilds },
  { name: 'large-answers', run: runLargeAnswers },
  { name: 'crowd', run: runCrowd },
  { name: 'redis', run: runRedis },
  { name: 'postgraphile', run: runPostgraphile },
  { name: 'scale', run: runScale },
];
