import { parseFlags, type ReadSetting, readSetting, readSettings, type SettingValues } from './setting.ts';
import { accessSettings } from './settings/access-settings.ts';
import { documentSettings } from './settings/document-settings.ts';
import { graphqlSettings } from './settings/graphql-settings.ts';
import { type JwtConfig, jwtConfigOf, jwtSettings } from './settings/jwt-settings.ts';
import { loadSettings } from './settings/load-settings.ts';
import { operationSettings } from './settings/operation-settings.ts';
import { querySettings } from './settings/query-settings.ts';
import { readingSettings } from './settings/reading-settings.ts';
import { serverSettings } from './settings/server-settings.ts';
import { storageSettings } from './settings/storage-settings.ts';
import { type TlsConfig, tlsConfigOf, tlsSettings } from './settings/tls-settings.ts';

/**
 * Every setting there is, area by area: a new one is a row of its area's table. A flag beats the environment, which beats the
 * default. The help prints the tables, a test compares the guide for operators with them, and `Config` is what comes of them.
 */
export const settings = {
  ...serverSettings,
  ...documentSettings,
  ...querySettings,
  ...graphqlSettings,
  ...accessSettings,
  ...jwtSettings,
  ...tlsSettings,
  ...storageSettings,
  ...readingSettings,
  ...loadSettings,
  ...operationSettings,
} as const;

/** Each of which says something by itself. */
const singleSettings = {
  ...serverSettings,
  ...documentSettings,
  ...querySettings,
  ...graphqlSettings,
  ...accessSettings,
  ...storageSettings,
  ...readingSettings,
  ...loadSettings,
  ...operationSettings,
} as const;

type SingleValues = SettingValues<typeof singleSettings>;

/** What the settings come to, deeply frozen. Their meanings are in their tables; Infinity is no limit. */
export interface Config extends Omit<SingleValues, 'dataDirectory' | 'dataDirectoryDefault' | 'syncIntervalMs'> {
  readonly dataDirectory: string;
  /** Where `dataDirectory` comes from: it was named, something is mounted at `/app`, or neither. */
  readonly dataDirectoryOrigin: DataDirectoryOrigin;
  /** Null: JWTs are refused. */
  readonly jwt: JwtConfig | null;
  /** Null: http. */
  readonly tls: TlsConfig | null;
  /** Null at durability `sync`. */
  readonly syncIntervalMs: number | null;
}

export type DataDirectoryOrigin = 'named' | 'mounted' | 'default';

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
  const read: ReadSetting = (setting) => readSetting(setting, flags, environment);
  const { dataDirectory: named, dataDirectoryDefault, ...single } = readSettings(singleSettings, read);
  const unnamed = appMounted ? '/app' : dataDirectoryDefault;
  return Object.freeze({
    ...single,
    dataDirectory: named ?? unnamed,
    dataDirectoryOrigin: named !== null ? 'named' : appMounted ? 'mounted' : 'default',
    jwt: jwtConfigOf(readSettings(jwtSettings, read), single.auth),
    tls: tlsConfigOf(readSettings(tlsSettings, read)),
    syncIntervalMs: single.durability === 'interval' ? single.syncIntervalMs : null,
  });
}
