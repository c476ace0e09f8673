import { choice, type Setting, size, sizeOrAuto, sizeOrUnlimited, wholeNumber } from '../setting.ts';

/** What a commit may be, what memory and disk may take, and what a crash may lose. */
export const storageSettings = {
  operationsMax: {
    flag: 'operations-max',
    environment: ['YARADB_OPERATIONS_MAX'],
    default: '10000',
    type: wholeNumber('OPERATIONS', 1, 1_000_000),
    help: 'Most documents in one commit, so in one batch. More is refused with LIMIT_EXCEEDED.',
  },
  idempotencyWindowMs: {
    flag: 'idempotency-window-ms',
    environment: ['YARADB_IDEMPOTENCY_WINDOW_MS'],
    default: '86400000',
    type: wholeNumber('MILLISECONDS', 1_000, 2_592_000_000),
    help: 'How long the idempotency key of a write is remembered after its commit: 24 hours. Until then the same request is answered as it was and not carried out again.',
  },
  idempotencyKeysMax: {
    flag: 'idempotency-keys-max',
    environment: ['YARADB_IDEMPOTENCY_KEYS_MAX'],
    default: '1000000',
    type: wholeNumber('KEYS', 1, 10_000_000),
    help: 'Most idempotency keys that are remembered at one time; each takes about 400 bytes of memory. None is forgotten early: beyond it, writes with a new key are refused with 503.',
  },
  pendingBytesMax: {
    flag: 'pending-bytes-max',
    environment: ['YARADB_PENDING_BYTES_MAX'],
    default: '256MiB',
    type: size('1MiB', '64GiB'),
    help: 'Most bytes of commits that wait for the disk. Beyond it, writes are refused with 503 until there is room.',
  },
  memoryBytesMax: {
    flag: 'memory-bytes-max',
    environment: ['YARADB_MEMORY_BYTES_MAX'],
    default: 'auto',
    type: sizeOrAuto('1MiB', '16384GiB'),
    help: "Most bytes of memory that documents may take. Beyond it, creates and updates are refused with 507 (MEMORY_FULL); reads, archiving and erasing go on. auto: half of the machine's memory, or of the container's. The process needs half as much again, and its heap limit is set to fit unless Node is given one.",
  },
  stallMsMax: {
    flag: 'stall-ms-max',
    environment: ['YARADB_STALL_MS_MAX'],
    default: '5000',
    type: wholeNumber('MILLISECONDS', 10, 3_600_000),
    help: 'How long the disk may take for one write before /readyz answers 503. Writes wait for it, up to --pending-bytes-max; reads go on.',
  },
  durability: {
    flag: 'durability',
    environment: ['YARADB_DURABILITY'],
    default: 'sync',
    type: choice('sync', 'interval'),
    help: 'sync: a write is answered once it is on disk, so that no crash loses it. interval, bounded loss: it is answered before it is on disk, and a power cut or a crash of the machine may lose what was answered in the last --sync-interval milliseconds; the end of the process alone loses nothing.',
  },
  syncIntervalMs: {
    flag: 'sync-interval',
    environment: ['YARADB_SYNC_INTERVAL'],
    default: '100',
    type: wholeNumber('MILLISECONDS', 2, 60_000),
    help: 'With --durability interval: the most milliseconds of answered writes that a power cut may lose. A disk that syncs slower slows the writes down. Without it, not used.',
  },
  segmentBytesMax: {
    flag: 'segment-bytes-max',
    environment: ['YARADB_SEGMENT_BYTES_MAX'],
    default: '64MiB',
    type: size('64KiB', '1GiB'),
    help: 'Bytes after which a segment of the log is sealed and the next one begun. A larger commit makes a larger segment.',
  },
  snapshotLogBytes: {
    flag: 'snapshot-log-bytes',
    environment: ['YARADB_SNAPSHOT_LOG_BYTES'],
    default: '64MiB',
    type: size('64KiB', '16384GiB'),
    help: 'Bytes that the log grows by before a snapshot is taken, or half the size of the last snapshot if that is more. A start reads the newest snapshot and the log behind it, so this bounds how long one takes.',
  },
  historyBytesMax: {
    flag: 'history-bytes-max',
    environment: ['YARADB_HISTORY_BYTES_MAX'],
    default: '4GiB',
    type: sizeOrUnlimited('1MiB', '16384GiB'),
    help: 'Most bytes of log that are kept for the past. Beyond it, the oldest part is merged into one base, and what lay before that can no longer be told. unlimited: all of it is kept.',
  },
} as const satisfies Readonly<Record<string, Setting<unknown>>>;
