import type { HistogramValues } from './histogram.ts';
import type { DatabaseStatus } from './status.ts';

/** What an engine counts, for whoever watches the server. Asking costs about as much as a small read. */
export interface MetricsProvider {
  metrics(): DatabaseMetrics;
}

export interface DatabaseMetrics extends Omit<DatabaseStatus, 'engine' | 'epoch' | 'syncIntervalMs'> {
  /** Bytes of commits that are not durable yet. */
  readonly pendingBytes: number;
  /** Beyond it, writes are refused with `OVERLOADED`. */
  readonly pendingBytesMax: number;
  /** Read views that are open: lists, and queries of GraphQL. */
  readonly openViews: number;
  /** Bytes of memory that columns of values take, which scans are made of that are asked for again. */
  readonly columnBytes: number;
  readonly openSubscriptions: number;
  /** Commits in each group that was written and synced at once. */
  readonly commitBatch: HistogramValues;
  /** Seconds that the disk took to make what was written durable. */
  readonly syncSeconds: HistogramValues;
  /** Bytes that the log has grown by since the start. */
  readonly appendedBytes: number;
  /** Queries that took longer than they may without being told of. */
  readonly slowQueries: number;
}
