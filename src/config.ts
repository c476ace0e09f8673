import {
  choice,
  list,
  optionalText,
  parseFlags,
  type Setting,
  size,
  sizeOrAuto,
  sizeOrUnlimited,
  text,
  UsageError,
  wholeNumber,
} from './setting.ts';

/**
 * Every setting there is. A flag beats the environment, which beats the default. The help prints this table, a test
 * compares the guide for operators with it, and `Config` is what comes of it.
 */
export const settings = {
  host: {
    flag: 'host',
    environment: ['YARADB_HOST'],
    default: '127.0.0.1',
    type: text('ADDRESS'),
    help: 'Address to listen on. 0.0.0.0 answers the whole network: then there must be tokens, or --auth must say what is meant.',
  },
  port: {
    flag: 'port',
    environment: ['YARADB_PORT'],
    default: '8000',
    type: wholeNumber('PORT', 0, 65_535),
    help: 'TCP port to listen on. 0 picks a free one; the line that says the server is ready names it.',
  },
  dataDirectory: {
    flag: 'data-dir',
    environment: ['YARADB_DATA_DIR', 'DATA_DIR'],
    default: '',
    type: optionalText('DIRECTORY'),
    help: 'Where the data lives; made when it is missing. When none is named: /app if something is mounted there, else --data-dir-default.',
  },
  dataDirectoryDefault: {
    flag: 'data-dir-default',
    environment: ['YARADB_DATA_DIR_DEFAULT'],
    default: './yaradb_data',
    type: text('DIRECTORY'),
    help: 'The data directory when none is named and nothing is mounted at /app. The Docker image sets /data.',
  },
  bodyBytesMax: {
    flag: 'body-bytes-max',
    environment: ['YARADB_BODY_BYTES_MAX'],
    default: '16MiB',
    // A text of five characters, 1e20 in a list, is written with 22: more than this could become longer than a string can be.
    type: size('1KiB', '64MiB'),
    help: 'Greatest request body. A longer one is refused with 413 before it is held in memory.',
  },
  documentBytesMax: {
    flag: 'document-bytes-max',
    environment: ['YARADB_DOCUMENT_BYTES_MAX'],
    default: '16MiB',
    type: size('1KiB', '64MiB'),
    help: 'Longest body of a document that a patch, a transaction or a combination may make, as JSON, about. Longer ones are refused with LIMIT_EXCEEDED. What is sent is bounded by --body-bytes-max.',
  },
  nestingMax: {
    flag: 'nesting-max',
    environment: ['YARADB_NESTING_MAX'],
    default: '512',
    type: wholeNumber('LEVELS', 8, 1_000),
    help: 'Deepest nesting of lists and objects in JSON that comes in. Deeper JSON is refused with LIMIT_EXCEEDED.',
  },
  integerDigitsMax: {
    flag: 'integer-digits-max',
    environment: ['YARADB_INTEGER_DIGITS_MAX'],
    default: '1024',
    type: wholeNumber('DIGITS', 16, 100_000),
    help: 'Most digits of an integer, which is kept exactly. A longer one is refused with LIMIT_EXCEEDED, since its cost grows faster than its length.',
  },
  pageSizeMax: {
    flag: 'page-size-max',
    environment: ['YARADB_PAGE_SIZE_MAX'],
    default: '1000',
    type: wholeNumber('DOCUMENTS', 100, 100_000),
    help: 'Most documents that a client may ask for in one page. More is refused with LIMIT_EXCEEDED.',
  },
  filterDepthMax: {
    flag: 'filter-depth-max',
    environment: ['YARADB_FILTER_DEPTH_MAX'],
    default: '64',
    type: wholeNumber('LEVELS', 4, 256),
    help: 'Deepest nesting of filters in each other (and, or, not, some). Deeper ones are refused with LIMIT_EXCEEDED.',
  },
  filterPartsMax: {
    flag: 'filter-parts-max',
    environment: ['YARADB_FILTER_PARTS_MAX'],
    default: '1000',
    type: wholeNumber('PARTS', 10, 10_000),
    help: 'Most parts of one filter: fields, operators and values of all, each of which is work for every document that is looked at. More is refused with LIMIT_EXCEEDED.',
  },
  filterValuesMax: {
    flag: 'filter-values-max',
    environment: ['YARADB_FILTER_VALUES_MAX'],
    default: '10000',
    type: wholeNumber('VALUES', 10, 1_000_000),
    help: 'Most values in the lists of in and notIn of one filter. More is refused with LIMIT_EXCEEDED.',
  },
  regexLengthMax: {
    flag: 'regex-length-max',
    environment: ['YARADB_REGEX_LENGTH_MAX'],
    default: '1000',
    type: wholeNumber('CHARACTERS', 10, 10_000),
    help: 'Longest regular expression. A longer one, or one that repeats so much that it compiles to over 2000 instructions, is refused with LIMIT_EXCEEDED.',
  },
  sortPathsMax: {
    flag: 'sort-paths-max',
    environment: ['YARADB_SORT_PATHS_MAX'],
    default: '8',
    type: wholeNumber('PATHS', 1, 32),
    help: 'Most paths that one list is sorted by. More is refused with LIMIT_EXCEEDED.',
  },
  graphqlTokensMax: {
    flag: 'graphql-tokens-max',
    environment: ['YARADB_GRAPHQL_TOKENS_MAX'],
    default: '100000',
    type: wholeNumber('TOKENS', 100, 1_000_000),
    help: 'Most names, values and punctuation in one GraphQL document. More is refused with LIMIT_EXCEEDED; send large values as variables.',
  },
  graphqlDepthMax: {
    flag: 'graphql-depth-max',
    environment: ['YARADB_GRAPHQL_DEPTH_MAX'],
    default: '32',
    type: wholeNumber('LEVELS', 4, 100),
    help: 'Deepest nesting of selections in a GraphQL document, fragments followed. Introspection needs 15. Deeper ones are refused with LIMIT_EXCEEDED.',
  },
  graphqlFieldsMax: {
    flag: 'graphql-fields-max',
    environment: ['YARADB_GRAPHQL_FIELDS_MAX'],
    default: '5000',
    type: wholeNumber('FIELDS', 10, 100_000),
    help: 'Most fields that a GraphQL document may select, those of a fragment counted wherever it is spread. More is refused with LIMIT_EXCEEDED.',
  },
  graphqlAliasesMax: {
    flag: 'graphql-aliases-max',
    environment: ['YARADB_GRAPHQL_ALIASES_MAX'],
    default: '1000',
    type: wholeNumber('ALIASES', 0, 100_000),
    help: 'Most aliases in a GraphQL document, counted likewise. More is refused with LIMIT_EXCEEDED.',
  },
  graphqlDirectivesMax: {
    flag: 'graphql-directives-max',
    environment: ['YARADB_GRAPHQL_DIRECTIVES_MAX'],
    default: '500',
    type: wholeNumber('DIRECTIVES', 1, 100_000),
    help: 'Most directives in a GraphQL document, counted likewise. More is refused with LIMIT_EXCEEDED.',
  },
  graphqlCostMax: {
    flag: 'graphql-cost-max',
    environment: ['YARADB_GRAPHQL_COST_MAX'],
    default: '250000',
    type: wholeNumber('VALUES', 1_000, 100_000_000),
    help: 'Most values that one GraphQL operation may give: its fields, each as often as first and last let the lists around it have elements. More is refused with LIMIT_EXCEEDED before anything is executed.',
  },
  introspection: {
    flag: 'introspection',
    environment: ['YARADB_INTROSPECTION'],
    default: 'allowed',
    type: choice('allowed', 'refused'),
    help: 'Whether clients of GraphQL may ask for the schema. refused: they get FORBIDDEN, errors suggest no names of it, and GraphiQL shows no documentation.',
  },
  allowedHosts: {
    flag: 'allowed-hosts',
    environment: ['YARADB_ALLOWED_HOSTS'],
    default: '',
    type: list('HOST,...', 'host names without a port, separated by commas, or *', (item) =>
      /^(\*|[\w.-]+)$/.test(item) ? item.toLowerCase() : undefined,
    ),
    help: 'Host names that requests may name besides IP addresses, names without a dot (localhost, a service in a network of containers) and --host. Others get 403, so that a foreign site cannot reach the server through DNS. * admits all.',
  },
  allowedOrigins: {
    flag: 'allowed-origins',
    environment: ['YARADB_ALLOWED_ORIGINS'],
    default: '',
    type: list('ORIGIN,...', 'origins such as https://studio.example, separated by commas', (item) => {
      const url = URL.canParse(item) ? new URL(item) : undefined;
      return url !== undefined && /^https?:$/.test(url.protocol) && `${url.origin}/` === url.href
        ? url.origin
        : undefined;
    }),
    help: 'Origins of web pages that may use the server from a browser (CORS). Without any, only pages of the server itself may.',
  },
  auth: {
    flag: 'auth',
    environment: ['YARADB_AUTH'],
    default: 'auto',
    type: choice('auto', 'required', 'none'),
    help: 'required: whoever shows no token is refused, also while there is none. none: everybody may do everything. auto: required once a token was made or --jwt-issuer is set; until then only this machine is served, and with another --host the server does not start.',
  },
  authFailuresMax: {
    flag: 'auth-failures-max',
    environment: ['YARADB_AUTH_FAILURES_MAX'],
    default: '20',
    type: wholeNumber('FAILURES', 1, 10_000),
    help: 'Tokens that are not valid which one address may send, at once and again each minute, before it gets 429 (RATE_LIMITED) for them. Valid ones are never kept waiting.',
  },
  jwtIssuer: {
    flag: 'jwt-issuer',
    environment: ['YARADB_JWT_ISSUER'],
    default: '',
    type: optionalText('ISSUER'),
    help: 'Accept JWTs of this issuer, which their claim iss must name. Needs --jwt-audience and --jwks-url or --jwks-file.',
  },
  jwtAudience: {
    flag: 'jwt-audience',
    environment: ['YARADB_JWT_AUDIENCE'],
    default: '',
    type: optionalText('AUDIENCE'),
    help: 'What the claim aud of a JWT must hold: the name that this server has with the issuer.',
  },
  jwksUrl: {
    flag: 'jwks-url',
    environment: ['YARADB_JWKS_URL'],
    default: '',
    type: {
      placeholder: 'URL',
      expected: 'an https URL, or an http URL of this machine',
      parse: (given) => (given === '' ? null : parseKeySetUrl(given)),
    },
    help: 'Where the issuer publishes its public keys (JWKS). They are kept for ten minutes. While they cannot be fetched, JWTs get 503.',
  },
  jwksFile: {
    flag: 'jwks-file',
    environment: ['YARADB_JWKS_FILE'],
    default: '',
    type: optionalText('FILE'),
    help: 'The same from a file. It is read at the start and again at SIGHUP.',
  },
  jwtRoleClaim: {
    flag: 'jwt-role-claim',
    environment: ['YARADB_JWT_ROLE_CLAIM'],
    default: 'roles',
    type: text('CLAIM'),
    help: 'The claim of a JWT that holds its roles: a list, or a text with spaces between, such as read or write:orders. Dots lead into objects, as in realm_access.roles.',
  },
  jwtClockSkewSeconds: {
    flag: 'jwt-clock-skew',
    environment: ['YARADB_JWT_CLOCK_SKEW'],
    default: '30',
    type: wholeNumber('SECONDS', 0, 600),
    help: "By how much the clock of the JWTs' issuer may differ from this machine's.",
  },
  tlsCertificateFile: {
    flag: 'tls-cert',
    environment: ['YARADB_TLS_CERT'],
    default: '',
    type: optionalText('FILE'),
    help: 'Serve https (TLS 1.2 or newer) with this certificate, a PEM file that holds its chain, too. Needs --tls-key. Read again at SIGHUP.',
  },
  tlsKeyFile: {
    flag: 'tls-key',
    environment: ['YARADB_TLS_KEY'],
    default: '',
    type: optionalText('FILE'),
    help: "The certificate's private key, a PEM file without a passphrase. Read again at SIGHUP.",
  },
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
  viewMsMax: {
    flag: 'view-ms-max',
    environment: ['YARADB_VIEW_MS_MAX'],
    default: '60000',
    type: wholeNumber('MILLISECONDS', 100, 86_400_000),
    help: 'How long one list or GraphQL query may be read, since what it sees is kept in memory for it. A longer one fails with LIMIT_EXCEEDED.',
  },
  connectionsMax: {
    flag: 'connections-max',
    environment: ['YARADB_CONNECTIONS_MAX'],
    default: '20000',
    type: wholeNumber('CONNECTIONS', 1, 1_000_000),
    help: 'Most connections that are open at one time. Further ones are answered with 503 (OVERLOADED) and closed; some 256 of them are told so, more are cut. Each takes a file descriptor: see ulimit -n.',
  },
  requestsPerSecondMax: {
    flag: 'requests-per-second-max',
    environment: ['YARADB_REQUESTS_PER_SECOND_MAX'],
    default: '0',
    type: wholeNumber('REQUESTS', 0, 1_000_000),
    help: 'Most requests that one client may send in a second, as many at once; more get 429 (RATE_LIMITED). A client is whoever a token stands for, or else an address (of IPv6: one /64). 0: any number, since behind a proxy all clients have one address, and a loader of data is meant to be fast.',
  },
  headersMsMax: {
    flag: 'headers-ms-max',
    environment: ['YARADB_HEADERS_MS_MAX'],
    default: '10000',
    type: wholeNumber('MILLISECONDS', 100, 3_600_000),
    help: 'How long the headers of a request may take to arrive before it gets 408. A connection that sends nothing is closed after as long.',
  },
  requestMsMax: {
    flag: 'request-ms-max',
    environment: ['YARADB_REQUEST_MS_MAX'],
    default: '120000',
    type: wholeNumber('MILLISECONDS', 100, 86_400_000),
    help: 'How long a whole request may take to arrive before it gets 408. Not less than --headers-ms-max.',
  },
  keepAliveMsMax: {
    flag: 'keep-alive-ms-max',
    environment: ['YARADB_KEEP_ALIVE_MS_MAX'],
    default: '65000',
    type: wholeNumber('MILLISECONDS', 100, 3_600_000),
    help: 'How long a connection may wait for its next request before it is closed. Longer than proxies keep theirs, which is 60 s mostly.',
  },
  socketIdleMsMax: {
    flag: 'socket-idle-ms-max',
    environment: ['YARADB_SOCKET_IDLE_MS_MAX'],
    default: '120000',
    type: wholeNumber('MILLISECONDS', 1_000, 86_400_000),
    help: 'How long a connection with a request under way may move no byte before it is cut: a reader that stopped reading, or a disk that answers that late.',
  },
  eventLoopDelayMsMax: {
    flag: 'event-loop-delay-ms-max',
    environment: ['YARADB_EVENT_LOOP_DELAY_MS_MAX'],
    default: '1000',
    type: wholeNumber('MILLISECONDS', 0, 3_600_000),
    help: 'Mean delay of the event loop over a second beyond which requests are refused with 503 (OVERLOADED) until it is less; /livez, /readyz and /metrics are always answered. 0: never.',
  },
  heapPercentMax: {
    flag: 'heap-percent-max',
    environment: ['YARADB_HEAP_PERCENT_MAX'],
    default: '98',
    type: wholeNumber('PERCENT', 50, 100),
    help: 'How much of its limit the heap may take, garbage included, beyond which requests are refused likewise. 100: never. --memory-bytes-max refuses writes long before.',
  },
  metrics: {
    flag: 'metrics',
    environment: ['YARADB_METRICS'],
    default: 'token',
    type: choice('token', 'open'),
    help: 'Who may ask for GET /metrics where tokens are asked for. token: who shows one, of whatever role. open: everybody.',
  },
  slowQueryMs: {
    flag: 'slow-query-ms',
    environment: ['YARADB_SLOW_QUERY_MS'],
    default: '100',
    type: wholeNumber('MILLISECONDS', 0, 86_400_000),
    help: 'A find, count or aggregate that takes as long is logged at warn, with its plan and without any value; at most ten in a second are. 0: none is.',
  },
  selfDestruct: {
    flag: 'self-destruct',
    environment: ['YARADB_SELF_DESTRUCT'],
    default: 'refused',
    type: choice('refused', 'allowed'),
    help: 'Whether DELETE /system/self-destruct of the Python YaraDB, which drops all tables and documents, works. refused: it answers 403.',
  },
  drainMsMax: {
    flag: 'drain-ms-max',
    environment: ['YARADB_DRAIN_MS_MAX'],
    default: '8000',
    type: wholeNumber('MILLISECONDS', 0, 3_600_000),
    help: 'After SIGTERM or SIGINT: how long requests under way may take before their connections are cut. Docker kills after 10 seconds.',
  },
  logLevel: {
    flag: 'log-level',
    environment: ['YARADB_LOG_LEVEL'],
    default: 'info',
    type: choice('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    help: 'Least important log line to write. debug also writes one for each request.',
  },
  logFormat: {
    flag: 'log-format',
    environment: ['YARADB_LOG_FORMAT'],
    default: 'auto',
    type: choice('auto', 'pretty', 'json'),
    help: 'The log goes to standard error. auto is pretty when that is a terminal, else json: one object a line.',
  },
  runAs: {
    flag: 'run-as',
    environment: ['YARADB_RUN_AS'],
    default: '',
    type: {
      placeholder: 'UID:GID',
      expected: 'two numbers such as 1000:1000, neither of them 0',
      parse: (given) => (given === '' ? null : parseUserAndGroup(given)),
    },
    help: 'When started as root: hand what root owns of the data directory to this user, then become it for good. The Docker image sets 1000:1000.',
  },
} as const satisfies Readonly<Record<string, Setting<unknown>>>;

/** What the settings come to, deeply frozen. Their meanings are in the table above. */
export interface Config {
  readonly host: string;
  readonly port: number;
  readonly dataDirectory: string;
  /** Where `dataDirectory` comes from: it was named, something is mounted at `/app`, or neither. */
  readonly dataDirectoryOrigin: DataDirectoryOrigin;
  readonly bodyBytesMax: number;
  readonly nestingMax: number;
  readonly integerDigitsMax: number;
  readonly pageSizeMax: number;
  readonly filterDepthMax: number;
  readonly filterPartsMax: number;
  readonly filterValuesMax: number;
  readonly regexLengthMax: number;
  readonly sortPathsMax: number;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly auth: 'auto' | 'required' | 'none';
  readonly authFailuresMax: number;
  /** Null: JWTs are refused. */
  readonly jwt: JwtConfig | null;
  /** Null: http. */
  readonly tls: TlsConfig | null;
  readonly operationsMax: number;
  readonly idempotencyWindowMs: number;
  readonly idempotencyKeysMax: number;
  readonly pendingBytesMax: number;
  /** Null: to be found out from the machine. */
  readonly memoryBytesMax: number | null;
  readonly stallMsMax: number;
  readonly durability: 'sync' | 'interval';
  /** Null at durability `sync`. */
  readonly syncIntervalMs: number | null;
  readonly segmentBytesMax: number;
  readonly snapshotLogBytes: number;
  /** Infinity: no limit. */
  readonly historyBytesMax: number;
  readonly subscriptionsMax: number;
  readonly connectionOperationsMax: number;
  readonly feedBytesMax: number;
  readonly viewsMax: number;
  readonly groupsMax: number;
  readonly pastBytesMax: number;
  readonly viewMsMax: number;
  readonly documentBytesMax: number;
  readonly graphqlTokensMax: number;
  readonly graphqlDepthMax: number;
  readonly graphqlFieldsMax: number;
  readonly graphqlAliasesMax: number;
  readonly graphqlDirectivesMax: number;
  readonly graphqlCostMax: number;
  readonly introspection: 'allowed' | 'refused';
  readonly connectionsMax: number;
  /** Infinity: any. */
  readonly requestsPerSecondMax: number;
  readonly headersMsMax: number;
  readonly requestMsMax: number;
  readonly keepAliveMsMax: number;
  readonly socketIdleMsMax: number;
  /** Infinity: any. */
  readonly eventLoopDelayMsMax: number;
  readonly heapPercentMax: number;
  readonly metrics: 'token' | 'open';
  /** Infinity: any. */
  readonly slowQueryMs: number;
  readonly selfDestruct: 'refused' | 'allowed';
  readonly drainMsMax: number;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  readonly logFormat: 'auto' | 'pretty' | 'json';
  readonly runAs: UserAndGroup | null;
}

export interface JwtConfig {
  readonly issuer: string;
  readonly audience: string;
  readonly keys: { readonly url: URL } | { readonly file: string };
  readonly roleClaim: string;
  readonly clockSkewSeconds: number;
}

/** Names of files. */
export interface TlsConfig {
  readonly certificateFile: string;
  readonly keyFile: string;
}

export type DataDirectoryOrigin = 'named' | 'mounted' | 'default';

export interface UserAndGroup {
  readonly user: number;
  readonly group: number;
}

/** The flags that were typed, by name, `--help` and `--version` apart, and the words that are not flags. */
export interface CommandLine {
  readonly flags: ReadonlyMap<string, string>;
  readonly words: readonly string[];
  readonly help: boolean;
  readonly version: boolean;
}

/** @throws {UsageError} for a flag that does not exist or lacks its value. */
export function parseCommandLine(given: readonly string[]): CommandLine {
  const placeholders = new Map(Object.values(settings).map(({ flag, type }) => [flag, type.placeholder]));
  const { flags, switches, words } = parseFlags(given, placeholders, { help: 'h', version: 'v' });
  return { flags, words, help: switches.has('help'), version: switches.has('version') };
}

/**
 * The configuration that the flags and the environment come to. `appMounted` tells whether something is mounted at `/app`,
 * where compose files of the Python YaraDB mount the data.
 * @throws {UsageError} for a value that cannot be used.
 */
export function parseConfig(
  flags: ReadonlyMap<string, string>,
  environment: Readonly<Record<string, string | undefined>>,
  appMounted: boolean,
): Config {
  const read = <Value>(setting: Setting<Value>): Value => readSetting(setting, flags, environment);
  const named = read(settings.dataDirectory);
  const unnamed = appMounted ? '/app' : read(settings.dataDirectoryDefault);
  return Object.freeze({
    host: read(settings.host),
    port: read(settings.port),
    dataDirectory: named ?? unnamed,
    dataDirectoryOrigin: named !== null ? 'named' : appMounted ? 'mounted' : 'default',
    bodyBytesMax: read(settings.bodyBytesMax),
    nestingMax: read(settings.nestingMax),
    integerDigitsMax: read(settings.integerDigitsMax),
    pageSizeMax: read(settings.pageSizeMax),
    filterDepthMax: read(settings.filterDepthMax),
    filterPartsMax: read(settings.filterPartsMax),
    filterValuesMax: read(settings.filterValuesMax),
    regexLengthMax: read(settings.regexLengthMax),
    sortPathsMax: read(settings.sortPathsMax),
    allowedHosts: read(settings.allowedHosts),
    allowedOrigins: read(settings.allowedOrigins),
    auth: read(settings.auth),
    authFailuresMax: read(settings.authFailuresMax),
    jwt: jwtConfigOf(read),
    tls: tlsConfigOf(read),
    operationsMax: read(settings.operationsMax),
    idempotencyWindowMs: read(settings.idempotencyWindowMs),
    idempotencyKeysMax: read(settings.idempotencyKeysMax),
    pendingBytesMax: read(settings.pendingBytesMax),
    memoryBytesMax: read(settings.memoryBytesMax),
    stallMsMax: read(settings.stallMsMax),
    durability: read(settings.durability),
    syncIntervalMs: read(settings.durability) === 'interval' ? read(settings.syncIntervalMs) : null,
    segmentBytesMax: read(settings.segmentBytesMax),
    snapshotLogBytes: read(settings.snapshotLogBytes),
    historyBytesMax: read(settings.historyBytesMax),
    subscriptionsMax: read(settings.subscriptionsMax),
    connectionOperationsMax: read(settings.connectionOperationsMax),
    feedBytesMax: read(settings.feedBytesMax),
    viewsMax: read(settings.viewsMax),
    groupsMax: read(settings.groupsMax),
    pastBytesMax: read(settings.pastBytesMax),
    viewMsMax: read(settings.viewMsMax),
    documentBytesMax: read(settings.documentBytesMax),
    graphqlTokensMax: read(settings.graphqlTokensMax),
    graphqlDepthMax: read(settings.graphqlDepthMax),
    graphqlFieldsMax: read(settings.graphqlFieldsMax),
    graphqlAliasesMax: read(settings.graphqlAliasesMax),
    graphqlDirectivesMax: read(settings.graphqlDirectivesMax),
    graphqlCostMax: read(settings.graphqlCostMax),
    introspection: read(settings.introspection),
    connectionsMax: read(settings.connectionsMax),
    requestsPerSecondMax: read(settings.requestsPerSecondMax) || Number.POSITIVE_INFINITY,
    headersMsMax: read(settings.headersMsMax),
    requestMsMax: read(settings.requestMsMax),
    keepAliveMsMax: read(settings.keepAliveMsMax),
    socketIdleMsMax: read(settings.socketIdleMsMax),
    eventLoopDelayMsMax: read(settings.eventLoopDelayMsMax) || Number.POSITIVE_INFINITY,
    heapPercentMax: read(settings.heapPercentMax),
    metrics: read(settings.metrics),
    slowQueryMs: read(settings.slowQueryMs) || Number.POSITIVE_INFINITY,
    selfDestruct: read(settings.selfDestruct),
    drainMsMax: read(settings.drainMsMax),
    logLevel: read(settings.logLevel),
    logFormat: read(settings.logFormat),
    runAs: read(settings.runAs),
  });
}

type ReadSetting = <Value>(setting: Setting<Value>) => Value;

/** @throws {UsageError} for a part without the others. */
function jwtConfigOf(read: ReadSetting): JwtConfig | null {
  const issuer = read(settings.jwtIssuer);
  const audience = read(settings.jwtAudience);
  const url = read(settings.jwksUrl);
  const file = read(settings.jwksFile);
  if (issuer === null && audience === null && url === null && file === null) return null;
  if (read(settings.auth) === 'none')
    throw new UsageError('--auth none lets everybody in, so no JWT is looked at: leave --jwt-issuer out');
  if (issuer === null)
    throw new UsageError('--jwt-issuer is missing: --jwt-audience, --jwks-url and --jwks-file are about it');
  if (audience === null)
    throw new UsageError('--jwt-audience is missing: without it, a token for any other service would do');
  if ((url === null) === (file === null)) throw new UsageError('--jwt-issuer needs either --jwks-url or --jwks-file');
  return Object.freeze({
    issuer,
    audience,
    keys: url === null ? { file: file ?? '' } : { url },
    roleClaim: read(settings.jwtRoleClaim),
    clockSkewSeconds: read(settings.jwtClockSkewSeconds),
  });
}

/** @throws {UsageError} for one without the other. */
function tlsConfigOf(read: ReadSetting): TlsConfig | null {
  const certificateFile = read(settings.tlsCertificateFile);
  const keyFile = read(settings.tlsKeyFile);
  if (certificateFile === null && keyFile === null) return null;
  if (keyFile === null) throw new UsageError('--tls-cert needs --tls-key, the private key of that certificate');
  if (certificateFile === null) throw new UsageError('--tls-key needs --tls-cert, the certificate of that key');
  return Object.freeze({ certificateFile, keyFile });
}

/** Whoever is between us and the keys could put his own in their place: http is for keys of this machine. */
function parseKeySetUrl(given: string): URL | undefined {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url?.protocol === 'https:') return url;
  return url?.protocol === 'http:' && isLoopback(url.hostname.replace(/^\[|\]$/g, '')) ? url : undefined;
}

/** Whether only this machine reaches what listens on the address: RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3, RFC 6761 section 6.3. */
export function isLoopback(host: string): boolean {
  return /^(?:127(?:\.\d{1,3}){3}|::1|localhost)$/i.test(host);
}

/** A URL that works on this machine: an address that stands for all of them is replaced by the machine's own. */
export function serverUrl({ host, tls }: Pick<Config, 'host' | 'tls'>, port: number): string {
  const scheme = tls === null ? 'http' : 'https';
  if (host === '0.0.0.0') return `${scheme}://127.0.0.1:${port}`;
  if (host === '::') return `${scheme}://[::1]:${port}`;
  return host.includes(':') ? `${scheme}://[${host}]:${port}` : `${scheme}://${host}:${port}`;
}

function readSetting<Value>(
  setting: Setting<Value>,
  flags: ReadonlyMap<string, string>,
  environment: Readonly<Record<string, string | undefined>>,
): Value {
  const variable = setting.environment.find((name) => environment[name] !== undefined && environment[name] !== '');
  const flag = flags.get(setting.flag);
  const given = flag ?? (variable === undefined ? undefined : environment[variable]) ?? setting.default;
  const value = setting.type.parse(given);
  if (value === undefined) {
    const name = flag !== undefined || variable === undefined ? `--${setting.flag}` : variable;
    throw new UsageError(`${name} is '${given}': expected ${setting.type.expected}`);
  }
  return value;
}

function parseUserAndGroup(given: string): UserAndGroup | undefined {
  const [, user, group] = /^([1-9]\d{0,8}):([1-9]\d{0,8})$/.exec(given) ?? [];
  if (user === undefined || group === undefined) return undefined;
  return Object.freeze({ user: Number(user), group: Number(group) });
}
