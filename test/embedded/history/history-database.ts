import type { HistoryEvent } from '../../../src/embedded/history/history-event.ts';
import { HistoryKeeper, type HistoryKeeperOptions } from '../../../src/embedded/history/history-keeper.ts';
import { withLogDirectorySync } from '../../../src/embedded/history/log-directory-sync.ts';
import type { Log, LogPoint } from '../../../src/embedded/log/log.ts';
import type { CommitRecord } from '../../../src/embedded/log/record.ts';
import { snapshotNames } from '../../../src/embedded/snapshot/snapshot-files.ts';
import { SeededRandom } from '../../fault/seeded-random.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { appendFrame, dataDirectory, logDirectory, openLog, stillClock } from '../log/log-fixture.ts';
import { type SnapshotContent, snapshotDirectory, writeContent } from '../snapshot/snapshot-fixture.ts';
import { stateAfter } from './history-fixture.ts';

export interface HistoryDatabaseOptions extends Partial<Pick<HistoryKeeperOptions, 'bytesMax' | 'clock' | 'settle'>> {
  readonly segmentBytesMax?: number;
}

/** One thing at a time, as the commit queue has it. */
class Turn {
  #last: Promise<unknown> = Promise.resolve();

  take<T>(run: () => Promise<T>): Promise<T> {
    const taken = this.#last.then(run);
    this.#last = taken.catch(() => undefined);
    return taken;
  }
}

/** A log with its keeper and snapshots, as the engine has them, without the engine: what it holds is told by a plain replay. */
export class HistoryDatabase {
  readonly fileSystem: SimulatedFileSystem;
  readonly log: Log;
  readonly keeper: HistoryKeeper;
  readonly events: HistoryEvent[];
  readonly diskFailures: unknown[];
  /** What the recovery found, and what was appended since. */
  state: SnapshotContent;
  sequence: number;
  #committedAt = 0;
  readonly #turn: Turn;
  readonly #random = new SeededRandom(9);

  /** Recovers; the keeper begins its work. */
  static async open(fileSystem: SimulatedFileSystem, options: HistoryDatabaseOptions = {}): Promise<HistoryDatabase> {
    const { segmentBytesMax = 2000, bytesMax = Number.POSITIVE_INFINITY, clock = stillClock } = options;
    let keeper: HistoryKeeper | null = null;
    const { log, recovered, snapshots } = await openLog(fileSystem, {
      segmentBytesMax,
      onEvent: (event) => {
        if (event.kind === 'segmentSealed') keeper?.segmentSealed(event.lastSequence);
      },
    });
    const events: HistoryEvent[] = [];
    const diskFailures: unknown[] = [];
    const turn = new Turn();
    const settle = async (): Promise<void> => {
      await turn.take(() => log.rotate());
    };
    keeper = await HistoryKeeper.open({
      fileSystem: withLogDirectorySync(fileSystem, logDirectory, (sync) =>
        turn.take(async () => {
          if (log.hasFailed) throw new Error('the log has failed');
          try {
            await sync();
          } catch (error) {
            diskFailures.push(log.fail(error));
            throw error;
          }
        }),
      ),
      directory: dataDirectory,
      databaseId: log.databaseId,
      clock,
      random: new SeededRandom(8),
      bytesMax,
      settle: options.settle ?? settle,
      directoryInDoubt: () => false,
      readsEnded: async () => {},
      onEvent: (event) => events.push(event),
    });
    const [snapshot] = snapshots;
    const state = stateAfter(
      recovered,
      snapshot && { ...snapshot.definitions, documents: snapshot.documents, keys: snapshot.keys },
    );
    const sequence = recovered.at(-1)?.sequence ?? snapshot?.header.sequence ?? 0;
    return new HistoryDatabase(fileSystem, log, turn, keeper, events, diskFailures, state, sequence);
  }

  private constructor(
    fileSystem: SimulatedFileSystem,
    log: Log,
    turn: Turn,
    keeper: HistoryKeeper,
    events: HistoryEvent[],
    diskFailures: unknown[],
    state: SnapshotContent,
    sequence: number,
  ) {
    this.fileSystem = fileSystem;
    this.log = log;
    this.#turn = turn;
    this.keeper = keeper;
    this.events = events;
    this.diskFailures = diskFailures;
    this.state = state;
    this.sequence = sequence;
  }

  async append(commits: readonly CommitRecord[]): Promise<void> {
    await this.#turn.take(() => appendFrame(this.log, commits, this.#random));
    this.state = stateAfter(commits, this.state);
    this.sequence = commits.at(-1)?.sequence ?? this.sequence;
    this.#committedAt = commits.at(-1)?.committedAt ?? this.#committedAt;
  }

  /** Takes a snapshot and keeps two. */
  async takeSnapshot(): Promise<void> {
    const { sequence, seal } = await this.rotate();
    const { databaseId, epoch } = this.log;
    const header = { databaseId, epoch, seal, sequence, committedAt: this.#committedAt };
    await writeContent(this.fileSystem, this.state, { header });
    const own = snapshotNames(this.fileSystem.names(snapshotDirectory)).snapshots.filter(
      ({ role }) => role === 'snapshot',
    );
    for (const { name } of own.slice(0, -2)) await this.fileSystem.remove(`${snapshotDirectory}/${name}`);
    this.keeper.snapshotTaken();
  }

  rotate(): Promise<LogPoint> {
    return this.#turn.take(() => this.log.rotate());
  }

  async close(): Promise<void> {
    await this.keeper.close();
    await this.log.close();
  }
}

/** A copy in which everything is on disk. */
export function copyOf(contents: Readonly<Record<string, string>>): Promise<SimulatedFileSystem> {
  return withDirectories().then((fileSystem) => {
    for (const [path, hex] of Object.entries(contents)) fileSystem.replaceBytes(path, Buffer.from(hex, 'hex'));
    return fileSystem;
  });
}

async function withDirectories(): Promise<SimulatedFileSystem> {
  const fileSystem = new SimulatedFileSystem();
  for (const directory of [dataDirectory, logDirectory, snapshotDirectory]) {
    await fileSystem.makeDirectory(directory);
    await fileSystem.syncDirectory(directory.slice(0, directory.lastIndexOf('/')) || '/');
  }
  return fileSystem;
}

/** Whether any file has these bytes. */
export function isOnDisk(fileSystem: SimulatedFileSystem, text: string): boolean {
  return [logDirectory, snapshotDirectory].some((directory) =>
    fileSystem.names(directory).some((name) => fileSystem.readBytes(`${directory}/${name}`).includes(text)),
  );
}
