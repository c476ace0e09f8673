import { optionalText, type Setting, type SettingValues, text, UsageError, wholeNumber } from '../setting.ts';
import { isLoopback } from './server-address.ts';

/** Whose JWTs let in. */
export const jwtSettings = {
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
} as const satisfies Readonly<Record<string, Setting<unknown>>>;

export interface JwtConfig {
  readonly issuer: string;
  readonly audience: string;
  readonly keys: { readonly url: URL } | { readonly file: string };
  readonly roleClaim: string;
  readonly clockSkewSeconds: number;
}

/** Null when none of its parts is set. @throws {UsageError} for a part without the others. */
export function jwtConfigOf(
  {
    jwtIssuer: issuer,
    jwtAudience: audience,
    jwksUrl: url,
    jwksFile: file,
    ...rest
  }: SettingValues<typeof jwtSettings>,
  auth: string,
): JwtConfig | null {
  if (issuer === null && audience === null && url === null && file === null) return null;
  if (auth === 'none')
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
    roleClaim: rest.jwtRoleClaim,
    clockSkewSeconds: rest.jwtClockSkewSeconds,
  });
}

/** Whoever is between us and the keys could put his own in their place: http is for keys of this machine. */
function parseKeySetUrl(given: string): URL | undefined {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url?.protocol === 'https:') return url;
  return url?.protocol === 'http:' && isLoopback(url.hostname.replace(/^\[|\]$/g, '')) ? url : undefined;
}
