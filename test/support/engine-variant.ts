import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database } from '../../src/database/database.ts';
import { openEmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { LaterTickDatabase } from '../conformance/later-tick-database.ts';

/** An open database on a directory of its own, which `dispose` closes and removes. */
export interface OpenEngine {
  readonly database: Database;
  dispose(): Promise<void>;
}

export type OpenEngineFunction = () => Promise<OpenEngine>;

async function openEmbedded(): Promise<OpenEngine> {
  const directory = await mkdtemp(join(tmpdir(), 'yaradb-'));
  const database = await openEmbeddedDatabase({ directory });
  return {
    database,
    dispose: async () => {
      await database.close();
      await rm(directory, { recursive: true });
    },
  };
}

/**
 * What every suite of a door runs on, for `describe.each`: the embedded engine as it is, and the same where every answer
 * comes in a later tick, so that no door relies on an engine in its own process.
 */
export const engineVariants: readonly (readonly [name: string, openEngine: OpenEngineFunction])[] = [
  ['embedded engine', openEmbedded],
  [
    'engine that answers in a later tick',
    async () => {
      const engine = await openEmbedded();
      return { ...engine, database: new LaterTickDatabase(engine.database) };
    },
  ],
];
