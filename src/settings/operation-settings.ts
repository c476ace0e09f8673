import { choice, type Setting, wholeNumber, zeroForUnlimited } from '../setting.ts';

/** What operators see of a running server, and how it starts and ends. */
export const operationSettings = {
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
    type: zeroForUnlimited(wholeNumber('MILLISECONDS', 0, 86_400_000)),
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

export interface UserAndGroup {
  readonly user: number;
  readonly group: number;
}

function parseUserAndGroup(given: string): UserAndGroup | undefined {
  const [, user, group] = /^([1-9]\d{0,8}):([1-9]\d{0,8})$/.exec(given) ?? [];
  if (user === undefined || group === undefined) return undefined;
  return Object.freeze({ user: Number(user), group: Number(group) });
}
