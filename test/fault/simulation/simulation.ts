import { basename } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { anonymous } from '../../../src/database/principal.ts';
import type { Table } from '../../../src/database/table.ts';
import { defaultTable } from '../../../src/document/document.ts';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../../../src/embedded/embedded-database.ts';
import { CorruptionError, NewerFormatError } from '../../../src/embedded/log/log-error.ts';
import type { StorageEvent } from '../../../src/embedded/storage-event.ts';
import { DatabaseError } from '../../../src/errors.ts';
import { SeededRandom } from '../seeded-random.ts';
import { SimulatedFileSystem } from '../simulated-file-system.ts';
import { allDocuments } from './all-documents.ts';
import { assertThat } from './assert-that.ts';
import { isDiskTrouble } from './disk-trouble.ts';
import { documentsOf } from './documents-of.ts';
import { disarm, type Mishap, planFaults } from './fault-plan.ts';
import { Ledger } from './ledger.ts';
import { LogArchive } from './log-archive.ts';
import { SimulatedClient } from './simulated-client.ts';
import { SimulatedClock } from './simulated-clock.ts';

const directory = '/data';
const fileDirectories = ['/data/log', '/data/snapshots'];
const livesMax = 5;

/** What happened in a simulation, to tell that it tried what it is there for. */
export interface SimulationCounts {
  acknowledged: number;
  /** Requests that were made again, and answered with what came of them the first time. */
  replayed: number;
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
  snapshots: number;
  prunings: number;
  erasuresOnDisk: number;
  indexesFilled: number;
}

export const noCounts: SimulationCounts = {
  acknowledged: 0,
  replayed: 0,
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
  snapshots: 0,
  prunings: 0,
  erasuresOnDisk: 0,
  indexesFilled: 0,
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
  readonly #archive = new LogArchive();
  readonly #counts: SimulationCounts;
  #fileSystem = new SimulatedFileSystem();
  /** Whether commits may have been acknowledged, since the last start that was checked, before they were on disk. */
  #unsynced = false;
  #epoch = '';
  /** Whether a sync of a directory failed in an earlier process, since the power was last cut: this one cannot know. */
  #directoryInDoubt = false;
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
    this.#counts.replayed += this.#ledger.keys.replayed;
    return this.#fileSystem;
  }

  async #live(mishap: Mishap): Promise<void> {
    const database = await this.#open();
    if (database === null) return;
    const clients = Array.from(
      { length: 1 + this.#random.below(4) },
      () =>
        new SimulatedClient({
          database,
          ledger: this.#ledger,
          clock: this.#clock,
          random: this.#random,
          directoryInDoubt: this.#directoryInDoubt,
          isStopped: () => this.#fileSystem.stopped,
        }),
    );
    const steps = 1 + this.#random.below(20);
    this.#clock.step = this.#random.pick([0.01, 0.01, 0.3, 2]);
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
      this.#directoryInDoubt = false;
      this.#lossAllowed ||= this.#unsynced;
    } else {
      this.#directoryInDoubt ||= this.#fileSystem.failedDirectorySyncs > 0;
      this.#fileSystem = this.#fileSystem.killProcess();
      this.#counts.kills += 1;
    }
  }

  /** @returns null when the disk failed, or was full, before the database was open. */
  async #open(): Promise<EmbeddedDatabase | null> {
    const fileSystem = this.#fileSystem;
    this.#clock.step = 0.01;
    this.#archive.keepAll(fileSystem);
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
          operationsAtOnceMax: this.#random.pick([0, 0, 2, 16]),
          pendingBytesMax: this.#random.chance(0.1) ? 3000 : 1_000_000,
          snapshotLogBytes: this.#random.pick([500, 3000, 1_000_000]),
          historyBytesMax: this.#random.pick([0, 1000, 4000, 1_000_000]),
          // The clock is set by years.
          idempotencyWindowMs: Number.POSITIVE_INFINITY,
        },
        onStorageEvent: (event) => this.#note(event, fileSystem),
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

  #note(event: StorageEvent, fileSystem: SimulatedFileSystem): void {
    const { kind } = event;
    if (fileSystem.stopped) return;
    if (kind === 'segmentSealed') this.#archive.keep(fileSystem, basename(event.file));
    if (kind === 'tailCut') this.#counts.tornTails += 1;
    if (kind === 'failed') this.#counts.diskErrors += 1;
    if (kind === 'snapshotTaken') this.#counts.snapshots += 1;
    if (kind === 'historyPruned') this.#counts.prunings += 1;
    if (kind === 'erasedOnDisk') this.#counts.erasuresOnDisk += 1;
    if (kind === 'indexReady') this.#counts.indexesFilled += 1;
  }

  async #checkOpened(database: EmbeddedDatabase): Promise<void> {
    // All in one moment: the database goes on with what it was at when it was stopped.
    const disk = this.#fileSystem.copy();
    const [status, view] = [database.status(anonymous), database.view(anonymous)];
    const tables = Promise.resolve(view).then((opened) => opened.tables());
    const { sequence, epoch, documents } = await status;
    const { known, model } = this.#ledger;
    const commits = (await this.#archive.read(disk)).commits.slice(0, sequence);
    this.#ledger.checkRecovered(commits, this.#lossAllowed);
    if (commits.length < known) {
      this.#counts.boundedLosses += 1;
      // Their sequences are given again, so the epoch is another, and whoever runs the server is told.
      assertThat(epoch !== this.#epoch, 'acknowledged commits are lost, and the epoch goes on');
    }
    this.#epoch = epoch;
    assertThat(sequence === commits.length, `the database is at ${sequence}, its log at ${commits.length}`);
    assertThat(documents === model.documents.size, 'the database counts its documents wrongly');
    const found = await allDocuments(await view);
    assertThat(isDeepStrictEqual(found, model.inOrder()), 'the database shows something else than its log says');
    this.#checkTables(await tables);
    this.#checkErased(disk);
  }

  #checkTables(all: readonly Table[]): void {
    const { tables, indexes } = this.#ledger.model.catalog;
    const found = all.filter(({ id }) => id !== defaultTable.id);
    const names = found.map(({ name }) => name).sort();
    assertThat(isDeepStrictEqual(names, [...tables.keys()].sort()), `the tables are ${names.join()}`);
    for (const { id, name, settings } of found) {
      const expected = tables.get(name);
      const { schema = null, readOnly = false } = expected?.settings ?? {};
      const { schema: foundSchema, readOnly: isReadOnly } = settings;
      assertThat(
        expected?.id === id && isDeepStrictEqual([foundSchema, isReadOnly], [schema, readOnly]),
        `table ${name} is not what it was made`,
      );
    }
    const ids = found.flatMap((table) => table.indexes.map((index) => index.id)).sort();
    assertThat(isDeepStrictEqual(ids, [...indexes.keys()].sort()), 'the indexes are others than were made');
  }

  /** What an operator was told is in no file any more. */
  #checkErased(disk: SimulatedFileSystem): void {
    const erased = this.#ledger.erasedOnDisk();
    if (erased.length === 0) return;
    for (const path of filesOf(disk)) {
      const bytes = disk.readBytes(path);
      const left = erased.find((number) => bytes.includes(`"by":${number},`));
      assertThat(left === undefined, `${path} holds what was erased: "by":${left}`);
    }
  }

  /** Damages one bit of one file, on a copy of the disk. */
  async #tryRot(): Promise<void> {
    const paths = filesOf(this.#fileSystem);
    if (paths.length === 0) return;
    const path = this.#random.pick(paths);
    const rotten = this.#fileSystem.copy();
    const bytes = rotten.readBytes(path);
    if (bytes.length === 0) return;
    const sound = await this.#archive.read(this.#fileSystem);
    const offset = this.#random.below(bytes.length);
    rotten.replaceBytes(path, bytes.with(offset, (bytes[offset] ?? 0) ^ (1 << this.#random.below(8))));
    const contents = rotten.contents();
    try {
      const [clock, random] = [this.#clock, this.#random];
      const database = await openEmbeddedDatabase({ directory, fileSystem: rotten, clock, random });
      const [view, status] = [await database.view(anonymous), await database.status(anonymous)];
      const { sequence } = view;
      const found = await allDocuments(view);
      await database.close();
      assertThat(
        isDeepStrictEqual(found, documentsOf(sound.commits.slice(0, sequence))),
        `rot at ${offset} of ${path} changed what is served`,
      );
      const { newest, newestPath } = sound.log ?? {};
      // At durability `interval` not only the last frame may never have been on disk.
      const mayBeTorn = newest?.header.durability === 'interval' || offset >= (newest?.lastFrameAt ?? 0);
      assertThat(
        sequence >= sound.commits.length || (path === newestPath && mayBeTorn && status.recovery.truncatedBytes > 0),
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

/** Those of the log, its indexes and the snapshots. */
function filesOf(fileSystem: SimulatedFileSystem): string[] {
  return fileDirectories
    .filter((path) => fileSystem.exists(path))
    .flatMap((path) => fileSystem.names(path).map((name) => `${path}/${name}`));
}

/** The lock file may be made by a start that is then refused. */
function lessLock(contents: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(contents).filter(([path]) => path !== `${directory}/lock`));
}
