import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { SeededRandom } from '../fault/seeded-random.ts';
import { SimulatedFileSystem } from '../fault/simulated-file-system.ts';
import { describeCatalog } from './catalog-suite.ts';
import { describeChanges } from './changes-suite.ts';
import { describeDatabase, type EngineUnderTest } from './database-suite.ts';
import { describeHistory } from './history-suite.ts';
import { describeIdempotency } from './idempotency-suite.ts';
import { LaterTickDatabase } from './later-tick-database.ts';
import { describeQueries } from './query-suite.ts';
import { describeTransactions } from './transaction-suite.ts';

async function embedded(): Promise<EngineUnderTest> {
  const directory = await mkdtemp(join(tmpdir(), 'yaradb-conformance-'));
  return {
    open: () => openEmbeddedDatabase({ directory }),
    dispose: () => rm(directory, { recursive: true }),
  };
}

async function laterTick(): Promise<EngineUnderTest> {
  const engine = await embedded();
  return { ...engine, open: async () => new LaterTickDatabase(await engine.open()) };
}

/** On a disk whose power is cut. */
async function crashing(): Promise<EngineUnderTest> {
  const random = new SeededRandom(1);
  let fileSystem = new SimulatedFileSystem();
  return {
    open: () => openEmbeddedDatabase({ directory: '/data', fileSystem }),
    crash: () => {
      fileSystem = fileSystem.cutPower(random);
    },
    dispose: async () => {},
  };
}

describeQueries('embedded engine', embedded);
describeQueries('embedded engine that answers in a later tick', laterTick);
describeQueries('embedded engine that crashes', crashing);

for (const describeEngine of [
  describeDatabase,
  describeCatalog,
  describeHistory,
  describeTransactions,
  describeIdempotency,
  describeChanges,
]) {
  describeEngine('embedded engine', embedded);
  describeEngine('embedded engine that answers in a later tick', laterTick);
}
