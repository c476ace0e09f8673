import { type Setting, size, wholeNumber } from '../setting.ts';

/** What those who read for longer than a moment may take: subscribers, views, aggregates, the past. */
export const readingSettings = {
  subscriptionsMax: {
    flag: 'subscriptions-max',
    environment: ['YARADB_SUBSCRIPTIONS_MAX'],
    default: '10000',
    type: wholeNumber('SUBSCRIPTIONS', 1, 1_000_000),
    help: 'Most subscriptions to changes that are open at one time. Beyond it, more are refused with OVERLOADED (503).',
  },
  connectionOperationsMax: {
    flag: 'connection-operations-max',
    environment: ['YARADB_CONNECTION_OPERATIONS_MAX'],
    default: '100',
    type: wholeNumber('OPERATIONS', 1, 100_000),
    help: 'Most operations at one time, subscriptions among them, on one WebSocket. More are refused with LIMIT_EXCEEDED.',
  },
  feedBytesMax: {
    flag: 'feed-bytes-max',
    environment: ['YARADB_FEED_BYTES_MAX'],
    default: '32MiB',
    type: size('64KiB', '16384GiB'),
    help: 'Most memory that the newest commits take which are kept for subscribers; half as much again may be read from the log for those who are behind. A subscriber that is slower is served from the log.',
  },
  viewsMax: {
    flag: 'views-max',
    environment: ['YARADB_VIEWS_MAX'],
    default: '10000',
    type: wholeNumber('VIEWS', 1, 1_000_000),
    help: 'Most lists and GraphQL queries that are read at one time. Beyond it, requests are refused with 503.',
  },
  groupsMax: {
    flag: 'groups-max',
    environment: ['YARADB_GROUPS_MAX'],
    default: '100000',
    type: wholeNumber('GROUPS', 1, 10_000_000),
    help: 'Most groups, and most distinct values, that one aggregate may keep in memory while it reads. More fails with LIMIT_EXCEEDED.',
  },
  pastBytesMax: {
    flag: 'past-bytes-max',
    environment: ['YARADB_PAST_BYTES_MAX'],
    default: '64MiB',
    type: size('1MiB', '16384GiB'),
    help: 'Most memory that queries of the past (asOf), all together, may take for documents that were changed since. A query that needs more fails with LIMIT_EXCEEDED.',
  },
  columnBytesMax: {
    flag: 'column-bytes-max',
    environment: ['YARADB_COLUMN_BYTES_MAX'],
    default: '64MiB',
    type: size('0', '16384GiB'),
    help: 'Most memory for columns: the values at paths that filters ask for again where no index helps, 8 or 16 bytes a document and path, which makes such scans several times faster. They go before a write is refused for want of memory. 0: none.',
  },
  viewMsMax: {
    flag: 'view-ms-max',
    environment: ['YARADB_VIEW_MS_MAX'],
    default: '60000',
    type: wholeNumber('MILLISECONDS', 100, 86_400_000),
    help: 'How long one list or GraphQL query may be read, since what it sees is kept in memory for it. A longer one fails with LIMIT_EXCEEDED.',
  },
} as const satisfies Readonly<Record<string, Setting<unknown>>>;
