import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Logger } from 'pino';
import { FileKeySet } from '../access/key-set.ts';
import type { AppFiles } from '../app.ts';
import type { Config } from '../config.ts';
import { certificateNotice } from './certificate-notice.ts';
import { exitCodes } from './exit-code.ts';
import { CommandFailure } from './failure.ts';

export type ServerFiles = Pick<AppFiles, 'tls' | 'keySet'>;

/** The files that settings name, tried for whether they can be used. @throws {CommandFailure} which names the file and what is wrong. */
export function readServerFiles({ tls, jwt }: Pick<Config, 'tls' | 'jwt'>): ServerFiles {
  return {
    tls: tls === null ? null : readTlsFiles(tls),
    keySet: jwt === null || !('file' in jwt.keys) ? null : readKeySet(jwt.keys.file),
  };
}

/**
 * Has SIGHUP read them again, which renews a certificate without a stop. One that cannot be used is told in the log, and all stays as it is. Where
 * there are none, the signal means what it always does.
 */
export function readFilesAgainOnHangup(
  config: Pick<Config, 'tls' | 'jwt'>,
  log: Logger,
  use: (files: ServerFiles) => void,
): void {
  const { tls, keySet } = readServerFiles(config);
  if (tls === null && keySet === null) return;
  process.on('SIGHUP', () => {
    try {
      use(readServerFiles(config));
      log.info(
        { tls: config.tls, keys: config.jwt?.keys },
        'SIGHUP: the files of certificates and keys were read again',
      );
    } catch (error) {
      // A file that is wrong is told of in one line; of anything else, where it came from.
      const reason = error instanceof CommandFailure ? { problem: error.message } : { err: error };
      log.error(reason, 'SIGHUP: a file cannot be used, so the certificates and keys stay what they were');
    }
  });
}

/** Tells of a certificate that clients refuse, or soon will. */
export function logCertificate({ tls }: ServerFiles, certificateFile: string | undefined, log: Logger): void {
  const notice = tls === null ? null : certificateNotice(tls.certificate, Date.now());
  if (notice !== null) log.warn({ certificateFile }, notice);
}

function readTlsFiles({ certificateFile, keyFile }: NonNullable<Config['tls']>): NonNullable<ServerFiles['tls']> {
  const certificate = read(certificateFile, '--tls-cert');
  const key = read(keyFile, '--tls-key');
  try {
    createSecureContext({ cert: certificate, key });
    // OpenSSL compares keys of one kind alone, and would then serve a certificate that no handshake can be made with.
    if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key)))
      throw new TypeError('key values mismatch');
  } catch (error) {
    throw unusable(
      `--tls-cert '${certificateFile}' and --tls-key '${keyFile}' are no PEM files of a certificate and its private key`,
      error,
    );
  }
  return { certificate, key };
}

function readKeySet(file: string): string {
  const text = read(file, '--jwks-file');
  try {
    new FileKeySet(text);
  } catch (error) {
    throw unusable(`--jwks-file '${file}' is no JSON Web Key Set`, error);
  }
  return text;
}

function read(file: string, flag: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw unusable(`${flag} '${file}' cannot be read`, error);
  }
}

function unusable(what: string, cause: unknown): CommandFailure {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CommandFailure(exitCodes.usage, `${what} (${reason}).`, { cause });
}
