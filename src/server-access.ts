import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { Authenticator } from './access/authenticator.ts';
import { FailureLimit } from './access/failure-limit.ts';
import { JwtVerifier } from './access/jwt-verifier.ts';
import { FileKeySet, type KeySet, remoteKeySet } from './access/key-set.ts';
import { TokenRegistry } from './access/token-registry.ts';
import type { Config } from './config.ts';
import { anonymous } from './database/principal.ts';
import type { SettingStore } from './database/setting-store.ts';
import { isLoopback } from './settings/server-address.ts';

/** Who gets in. */
export interface ServerAccess {
  readonly authenticator: Authenticator;
  readonly tokens: TokenRegistry;
  /** @throws {KeySetError} */
  replaceKeySet(text: string): void;
}

/** The server would answer everybody on a network, and nobody has said so. */
export class UnprotectedAddressError extends Error {
  override readonly name = 'UnprotectedAddressError';
}

/**
 * Puts together what tells who asks.
 * @param keySet the text of the file that the setting names; null when it names none.
 * @throws {UnprotectedAddressError} @throws {KeySetError}
 */
export async function openAccess(
  config: Config,
  { keySet, operatorToken }: { readonly keySet: string | null; readonly operatorToken: string },
  store: SettingStore,
  logger: Logger,
): Promise<ServerAccess> {
  const fileKeys = keySet === null ? null : new FileKeySet(keySet);
  const tokens = await TokenRegistry.open(
    {
      store,
      now: Date.now,
      randomBytes,
      onUnreadable: (token) =>
        logger.error({ token }, 'a token is not of a kind that this version knows: it opens nothing'),
    },
    anonymous,
  );
  const authenticator = new Authenticator({
    mode: config.auth,
    tokens,
    jwt: jwtVerifierOf(config, fileKeys),
    failures: new FailureLimit({ failuresPerMinuteMax: config.authFailuresMax, now: () => performance.now() }),
    operatorToken,
    now: Date.now,
    onRefusal: (reason, clientAddress, limited) =>
      logger[limited ? 'debug' : 'info']({ reason, clientAddress, limited }, 'a token was refused'),
  });
  if (!authenticator.isRequired && config.auth !== 'none' && !isLoopback(config.host)) {
    throw new UnprotectedAddressError(
      `without tokens the server answers this machine alone, and --host is '${config.host}'. Make a token first ` +
        '(`yaradb token create --role admin`), start with --auth required and make one then, or, where everybody who reaches it may do ' +
        'everything, say --auth none.',
    );
  }
  return {
    authenticator,
    tokens,
    replaceKeySet(text) {
      fileKeys?.replace(text);
      authenticator.forgetVerified();
    },
  };
}

function jwtVerifierOf({ jwt }: Config, fileKeys: KeySet | null): JwtVerifier | null {
  if (jwt === null) return null;
  const keys = 'url' in jwt.keys ? remoteKeySet(jwt.keys.url) : fileKeys;
  if (keys === null) throw new TypeError('The text of the file of keys was not given');
  const { issuer, audience, roleClaim, clockSkewSeconds } = jwt;
  return new JwtVerifier({ issuer, audience, keys, roleClaim, clockSkewSeconds });
}
