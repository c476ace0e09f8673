import { type Setting, wholeNumber, zeroForUnlimited } from '../setting.ts';

/** When the server has too much to do, and whom it waits for no longer. */
export const loadSettings = {
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
    type: zeroForUnlimited(wholeNumber('REQUESTS', 0, 1_000_000)),
    help: 'Most requests that one client may send in a second, as many at once, operations over WebSockets among them; more get 429 (RATE_LIMITED). A client is whoever a token stands for, or else an address (of IPv6: one /64). 0: any number, since behind a proxy all clients have one address, and a loader of data is meant to be fast.',
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
    help: 'How long a connection with a request under way may move no byte before it is cut, where the client is the one to do so: a reader that stopped reading. Who waits for an answer that takes long is not cut.',
  },
  eventLoopDelayMsMax: {
    flag: 'event-loop-delay-ms-max',
    environment: ['YARADB_EVENT_LOOP_DELAY_MS_MAX'],
    default: '1000',
    type: zeroForUnlimited(wholeNumber('MILLISECONDS', 0, 3_600_000)),
    help: 'Mean delay of the event loop over a second beyond which requests are refused with 503 (OVERLOADED) until it is less; /livez, /readyz and /metrics are always answered. 0: never.',
  },
  heapPercentMax: {
    flag: 'heap-percent-max',
    environment: ['YARADB_HEAP_PERCENT_MAX'],
    default: '98',
    type: wholeNumber('PERCENT', 50, 100),
    help: 'How much of its limit the heap may take, garbage included, beyond which requests are refused likewise. 100: never. --memory-bytes-max refuses writes long before.',
  },
} as const satisfies Readonly<Record<string, Setting<unknown>>>;
