import type { Commit, CommitOptions, Operation } from '../../../src/database/operation.ts';
import { anonymous } from '../../../src/database/principal.ts';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../../../src/embedded/embedded-database.ts';
import type { EmbeddedDatabaseLimits } from '../../../src/embedded/embedded-database-options.ts';
import { uuidOfRandom } from '../../../src/embedded/log/uuid-bytes.ts';
import type { Clock } from '../../../src/embedded/ports/clock.ts';
import type { FileSystem } from '../../../src/embedded/ports/file-system.ts';
import type { StorageEvent } from '../../../src/embedded/storage-event.ts';
import { SeededRandom } from '../../fault/seeded-random.ts';
import { dataDirectory, documentId } from '../log/log-fixture.ts';

let opened = 0;

export interface KeyedDatabaseOptions extends Partial<EmbeddedDatabaseLimits> {
  readonly clock: Clock;
  readonly events?: StorageEvent[];
  readonly directory?: string;
}

/** Each time it is opened with other ids than before. */
export function openKeyed(
  fileSystem: FileSystem,
  { clock, events = [], directory = dataDirectory, ...limits }: KeyedDatabaseOptions,
): Promise<EmbeddedDatabase> {
  opened += 1;
  return openEmbeddedDatabase({
    directory,
    fileSystem,
    clock,
    random: new SeededRandom(opened),
    limits: { snapshotLogBytes: 1024 ** 3, ...limits },
    onStorageEvent: (event) => events.push(event),
  });
}

export function commitWith(
  database: EmbeddedDatabase,
  key: string,
  operations: readonly Operation[],
  options: CommitOptions = {},
): Promise<Commit> {
  return database.commit(anonymous, operations, { ...options, idempotency: { key } });
}

/** A request that makes a document, whose id the server gives. */
export function makes(number: number): readonly Operation[] {
  return [{ kind: 'create', name: `name-of-${number}.`, body: { text: `body-of-${number}.` } }];
}

export function makesWithId(number: number): readonly Operation[] {
  return [{ kind: 'create', id: documentId(number), name: `name-of-${number}.`, body: { text: `body-of-${number}.` } }];
}

export function anyKey(random: SeededRandom): string {
  return uuidOfRandom(random.bytes(16));
}
