import { isDeepStrictEqual } from 'node:util';
import { anonymous } from '../../../src/database/principal.ts';
import type { Document } from '../../../src/document/document.ts';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../../../src/embedded/embedded-database.ts';
import { CorruptionError, NewerFormatError } from '../../../src/embedded/log/log-error.ts';
import type { CommitRecord } from '../../../src/embedded/log/record.ts';
import { type RecoveredLog, readLog } from '../../../src/embedded/log/recovery.ts';
import { systemErrorCode } from '../../../src/embedded/ports/file-system.ts';
import { DatabaseError } from '../../../src/errors.ts';
import { everything } from '../../../src/query/filter.ts';
import { stillClock } from '../../embedded/log/log-fixture.ts';
import { SeededRandom } from '../seeded-random.ts';
import { SimulatedFileSystem } from '../simulated-file-system.ts';
import { disarm, type Mishap, planFaults } from './fault-plan.ts';
import { assertThat, Ledger } from './ledger.ts';
import { SimulatedClient } from './simulated-client.ts';
import { SimulatedClock } from './simulated-clock.ts';

const directory = '/data';
const logDirectory = '/data/log';
const livesMax = 5;

/** What happened in a simulation, to tell that it tried what it is there for. */
export interface SimulationCounts {
  acknowledged: number;
  powerCuts: number;
  kills: number;
  cleanStops: number;
  failedStarts: number;
  tornTails: number;
  /** Lives at durability `interval` of which a power cut took commits that were acknowledged. */
  boundedLosses: number;
  diskErrors: number;
  fullDisks: number;
  rotDetected: number;
  rotTaken: number;
}

export const noCounts: SimulationCounts = {
  acknowledged: 0,
  powerCuts: 0,
  kills: 0,
  cleanStops: 0,
  failedStarts: 0,
  tornTails: 0,
  boundedLosses: 0,
  diskErrors: 0,
  fullDisks: 0,
  rotDetected: 0,
  rotTaken: 0,
};

/**
 * Some lives of one database, on a disk that fails, under clients that never stop: every start is held against the ledger. One seed
 * decides everything, down to the order in which what is ready goes on.
 * @throws when the promise is broken.
 */
export async function simulate(seed: number, counts: SimulationCounts): Promise<SimulatedFileSystem> {
  const simulation = new Simulation(seed, counts);
  return simulation.run();
}

class Simulation {
  readonly #random: SeededRandom;
  readonly #clock: SimulatedClock;
  readonly #ledger = new Ledger();
  readonly #counts: SimulationCounts;
  #fileSystem = new SimulatedFileSystem();
  /** Whether commits may have been acknowledged, since the last start that was checked, before they were on disk. */
  #unsynced = false;
  #epoch = '';
  #lossAllowed = false;

  constructor(seed: number, counts: SimulationCounts) {
    this.#random = new SeededRandom(seed);
    this.#clock = new SimulatedClock(this.#random);
    this.#counts = counts;
  }

  async run(): Promise<SimulatedFileSystem> {
    const lives = 1 + this.#random.below(livesMax);
    for (let life = 0; life < lives; life += 1) {
      const mishap = planFaults(this.#fileSystem, this.#random);
      await this.#live(mishap);
      this.#end();
      if (this.#random.chance(0.15)) await this.#tryRot();
    }
    disarm(this.#fileSystem);
    const database = await this.#open();
    assertThat(database !== null, 'the database does not open on a disk that is well again');
    await database.close();
    const again = await this.#open();
    assertThat(again !== null, 'the database does not open again after a clean stop');
    const { recovery } = await again.status(anonymous);
    assertThat(recovery.clean && recovery.truncatedBytes === 0, 'a clean stop left something to mend');
    await again.close();
    this.#counts.acknowledged += this.#ledger.acknowledged;
    return this.#fileSystem;
  }

  async #live(mishap: Mishap): Promise<void> {
    const database = await this.#open();
    if (database === null) return;
    const clients = Array.from(
      { length: 1 + this.#random.below(4) },
      () => new SimulatedClient({ database, ledger: this.#ledger, clock: this.#clock, random: this.#random }),
    );
    const steps = 1 + this.#random.below(20);
    await Promise.all(clients.map((client) => client.work(steps)));
    if (mishap === 'full') this.#counts.fullDisks += 1;
    if (!this.#random.chance(0.4)) return;
    try {
      await database.close();
      if (!this.#fileSystem.stopped) this.#counts.cleanStops += 1;
    } catch (error) {
      if (!(error instanceof DatabaseError && error.code === 'OUTCOME_UNKNOWN')) throw error;
    }
  }

  /** The process or the whole machine ends, whatever it was at. */
  #end(): void {
    if (this.#random.chance(0.7)) {
      this.#fileSystem = this.#fileSystem.cutPower(this.#random);
      this.#counts.powerCuts += 1;
      this.#lossAllowed ||= this.#unsynced;
    } else {
      this.#fileSystem = this.#fileSystem.killProcess();
      this.#counts.kills += 1;
    }
  }

  /** @returns null when the disk failed, or was full, before the database was open. */
  async #open(): Promise<EmbeddedDatabase | null> {
    const fileSystem = this.#fileSystem;
    const syncIntervalMs = this.#random.chance(0.2) ? this.#random.pick([2, 10]) : null;
    let database: EmbeddedDatabase;
    try {
      database = await openEmbeddedDatabase({
        directory,
        fileSystem,
        clock: this.#clock,
        random: this.#random,
        syncIntervalMs,
        limits: {
          segmentBytesMax: this.#random.pick([300, 1000, 4000, 1_000_000]),
          pendingBytesMax: this.#random.chance(0.1) ? 3000 : 1_000_000,
        },
        onStorageEvent: ({ kind }) => {
          if (kind === 'tailCut') this.#counts.tornTails += 1;
          if (kind === 'failed' && !fileSystem.stopped) this.#counts.diskErrors += 1;
        },
      });
    } catch (error) {
      if (!isDiskTrouble(error)) throw error;
      this.#counts.failedStarts += 1;
      return null;
    }
    if (fileSystem.stopped) return null;
    await this.#checkOpened(database);
    this.#unsynced = syncIntervalMs !== null;
    this.#lossAllowed = false;
    return database;
  }

  async #checkOpened(database: EmbeddedDatabase): Promise<void> {
    const { commits } = await readCommits(this.#fileSystem);
    const status = await database.status(anonymous);
    const { known, model } = this.#ledger;
    this.#ledger.checkRecovered(commits, this.#lossAllowed);
    if (commits.length < known) {
      this.#counts.boundedLosses += 1;
      // Their sequences are given again, so the epoch is another, and whoever runs the server is told.
      assertThat(status.epoch !== this.#epoch, 'acknowledged commits are lost, and the epoch goes on');
    }
    this.#epoch = status.epoch;
    assertThat(
      status.sequence === commits.length,
      `the database is at ${status.sequence}, its log at ${commits.length}`,
    );
    assertThat(status.documents === model.documents.size, 'the database counts its documents wrongly');
    const found = await allDocuments(database);
    assertThat(isDeepStrictEqual(found, model.inOrder()), 'the database shows something else than its log says');
  }

  /** Damages one bit of one file, on a copy of the disk. */
  async #tryRot(): Promise<void> {
    const names = this.#fileSystem.exists(logDirectory) ? this.#fileSystem.names(logDirectory) : [];
    if (names.length === 0) return;
    const sound = this.#fileSystem.copy();
    const before = await readCommits(sound);
    const rotten = this.#fileSystem.copy();
    const path = `${logDirectory}/${this.#random.pick(names)}`;
    const bytes = rotten.readBytes(path);
    if (bytes.length === 0) return;
    const offset = this.#random.below(bytes.length);
    rotten.replaceBytes(path, bytes.with(offset, (bytes[offset] ?? 0) ^ (1 << this.#random.below(8))));
    const contents = rotten.contents();
    try {
      const [clock, random] = [this.#clock, this.#random];
      const database = await openEmbeddedDatabase({ directory, fileSystem: rotten, clock, random });
      const { commits } = await readCommits(rotten);
      const { recovery } = await database.status(anonymous);
      await database.close();
      assertThat(
        isDeepStrictEqual(commits, before.commits.slice(0, commits.length)),
        `rot at ${offset} of ${path} changed what is served`,
      );
      const { newest, newestPath } = before.log ?? {};
      // At durability `interval` not only the last frame may never have been on disk.
      const mayBeTorn = newest?.header.durability === 'interval' || offset >= (newest?.lastFrameAt ?? 0);
      assertThat(
        commits.length === before.commits.length || (path === newestPath && mayBeTorn && recovery.truncatedBytes > 0),
        `rot at ${offset} of ${path} took commits away`,
      );
      this.#counts.rotTaken += 1;
    } catch (error) {
      if (!(error instanceof CorruptionError || error instanceof NewerFormatError)) throw error;
      assertThat(isDeepStrictEqual(lessLock(rotten.contents()), lessLock(contents)), 'a refusal changed the files');
      this.#counts.rotDetected += 1;
    }
  }
}

/** What the log holds, read beside the database that has it open. Changes nothing. */
async function readCommits(
  fileSystem: SimulatedFileSystem,
): Promise<{ readonly commits: CommitRecord[]; readonly log: RecoveredLog | null }> {
  const commits: CommitRecord[] = [];
  const { inject, delay } = fileSystem;
  fileSystem.inject = null;
  fileSystem.delay = null;
  try {
    const onCommit = (commit: CommitRecord) => commits.push(commit);
    const log = await readLog({
      fileSystem,
      directory: logDirectory,
      snapshotDirectory: '/data/snapshots',
      clock: stillClock,
      onSnapshot: () => assertThat(false, 'there is a snapshot, which nobody asked for'),
      onCommit,
    });
    return { commits, log };
  } finally {
    fileSystem.inject = inject;
    fileSystem.delay = delay;
  }
}

async function allDocuments(database: EmbeddedDatabase): Promise<Document[]> {
  const view = await database.view(anonymous);
  const documents: Document[] = [];
  const query = { filter: everything, orderBy: [], archived: 'INCLUDE' } as const;
  for await (const slice of view.scanDocuments(query)) documents.push(...slice);
  view.close();
  return documents;
}

function isDiskTrouble(error: unknown): boolean {
  if (error instanceof DatabaseError) return error.code === 'STORAGE_FULL' || error.code === 'OUTCOME_UNKNOWN';
  const code = systemErrorCode(error);
  return code === 'EIO' || code === 'ENOSPC';
}

/** The lock file may be made by a start that is then refused. */
function lessLock(contents: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(contents).filter(([path]) => path !== `${directory}/lock`));
}
