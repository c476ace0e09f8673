import { optionalText, type Setting, type SettingValues, UsageError } from '../setting.ts';

/** How the connection is encrypted. */
export const tlsSettings = {
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
} as const satisfies Readonly<Record<string, Setting<unknown>>>;

/** Names of files. */
export interface TlsConfig {
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** Null when none of its parts is set. @throws {UsageError} for one without the other. */
export function tlsConfigOf({
  tlsCertificateFile: certificateFile,
  tlsKeyFile: keyFile,
}: SettingValues<typeof tlsSettings>): TlsConfig | null {
  if (certificateFile === null && keyFile === null) return null;
  if (keyFile === null) throw new UsageError('--tls-cert needs --tls-key, the private key of that certificate');
  if (certificateFile === null) throw new UsageError('--tls-key needs --tls-cert, the certificate of that key');
  return Object.freeze({ certificateFile, keyFile });
}
