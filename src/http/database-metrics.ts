import { Counter, Gauge, type Registry } from 'prom-client';
import type { DatabaseMetrics } from '../database/metrics.ts';
import type { WriteState } from '../database/status.ts';
import { PrometheusHistogram } from './prometheus-histogram.ts';

const writeStates: readonly WriteState[] = ['accepted', 'stalled', 'storageFull', 'memoryFull', 'failed'];

/** Undefined: there is nothing to tell now. */
type Read = (database: DatabaseMetrics) => number | undefined;

/** Adds what the engine counts. @param read gives what it had counted when somebody asked. */
export function addDatabaseMetrics(registry: Registry, read: () => DatabaseMetrics, now: () => number): void {
  const registers = [registry];
  const gauge = (name: string, help: string, valueIn: Read): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        const value = valueIn(read());
        // Prometheus tells what is not there by its absence.
        if (value === undefined) this.remove();
        else this.set(value);
      },
    });
  };
  const counter = (name: string, help: string, countOf: (database: DatabaseMetrics) => number): void => {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(countOf(read()));
      },
    });
  };

  gauge('yaradb_sequence', 'The newest commit that readers see.', ({ sequence }) => sequence);
  gauge('yaradb_documents', 'Documents, archived ones included.', ({ documents }) => documents);
  gauge(
    'yaradb_memory_bytes',
    'What the documents take in memory, with indexes and columns, about.',
    ({ memory }) => memory.bytes,
  );
  gauge(
    'yaradb_memory_max_bytes',
    'Beyond it, creates and updates are refused.',
    ({ memory }) => memory.bytesMax ?? undefined,
  );
  gauge('yaradb_column_bytes', 'Of these, the columns of values for scans.', ({ columnBytes }) => columnBytes);
  gauge('yaradb_pending_bytes', 'Of commits that are not durable yet.', ({ pendingBytes }) => pendingBytes);
  gauge('yaradb_pending_max_bytes', 'Beyond it, writes are refused.', ({ pendingBytesMax }) => pendingBytesMax);
  gauge('yaradb_views_open', 'Lists and GraphQL queries that are being read.', ({ openViews }) => openViews);
  gauge('yaradb_subscriptions_open', 'Whoever is told of changes.', ({ openSubscriptions }) => openSubscriptions);
  gauge('yaradb_index_builds', 'Indexes that are being filled.', ({ indexBuilds }) => indexBuilds.length);
  gauge('yaradb_history_bytes', 'Of the log that holds the past.', ({ history }) => history.bytes);
  gauge('yaradb_history_oldest_sequence', 'The lowest sequence that is kept.', ({ history }) => history.oldest);
  gauge('yaradb_snapshot_sequence', 'The newest commit in the newest snapshot.', ({ snapshot }) => snapshot?.sequence);
  gauge('yaradb_snapshot_bytes', 'Of the newest snapshot.', ({ snapshot }) => snapshot?.bytes);
  gauge('yaradb_snapshot_age_seconds', 'Since the newest snapshot was taken.', ({ snapshot }) =>
    snapshot === null ? undefined : Math.max(0, (now() - snapshot.createdAt) / 1_000),
  );
  gauge(
    'yaradb_recovery_duration_seconds',
    'How long it took to bring the database back at the start.',
    ({ recovery }) => recovery.milliseconds / 1_000,
  );
  new Gauge({
    name: 'yaradb_writes',
    help: 'What becomes of writes now: 1 for one of the states.',
    labelNames: ['state'],
    registers,
    collect() {
      const { writes } = read();
      for (const state of writeStates) this.set({ state }, state === writes ? 1 : 0);
    },
  });
  counter('yaradb_log_appended_bytes_total', 'Of commits, since the start.', ({ appendedBytes }) => appendedBytes);
  counter(
    'yaradb_slow_queries_total',
    'Queries that took longer than --slow-query-ms.',
    (database) => database.slowQueries,
  );
  new PrometheusHistogram({
    name: 'yaradb_sync_duration_seconds',
    help: 'How long the disk took to make what was written durable.',
    labelNames: [],
    registry,
    read: () => [{ labels: {}, values: read().syncSeconds }],
  });
  new PrometheusHistogram({
    name: 'yaradb_commit_batch_size',
    help: 'Commits in each group that was written and synced at once.',
    labelNames: [],
    registry,
    read: () => [{ labels: {}, values: read().commitBatch }],
  });
}
