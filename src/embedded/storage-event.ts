import type { HistoryEvent } from './history/history-event.ts';
import type { IndexEvent } from './index-event.ts';
import type { LogEvent } from './log/log-event.ts';
import type { SnapshotEvent } from './snapshot/snapshot-event.ts';

/** What happens behind the requests and is worth a line for whoever runs the server. */
export type StorageEvent = LogEvent | SnapshotEvent | HistoryEvent | IndexEvent;
