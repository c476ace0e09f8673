import { choice, list, type Setting, wholeNumber } from '../setting.ts';

/** Who gets in, by which names and from which pages. */
export const accessSettings = {
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
} as const satisfies Readonly<Record<string, Setting<unknown>>>;
