import { describe, expect, test } from 'vitest';
import { parseCommandLine, parseConfig, settings } from '../../src/config.ts';
import { UsageError } from '../../src/setting.ts';

const configOf = (flags: readonly string[], environment: Record<string, string> = {}, appMounted = false) =>
  parseConfig(parseCommandLine(flags).flags, environment, appMounted);

const messageOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error('expected a UsageError');
};

describe('config', () => {
  test('every default can be used, and the documented ones are what they come to', () => {
    expect(configOf([])).toEqual({
      host: '127.0.0.1',
      port: 8000,
      dataDirectory: './yaradb_data',
      dataDirectoryOrigin: 'default',
      bodyBytesMax: 16 * 1024 * 1024,
      documentBytesMax: 16 * 1024 * 1024,
      nestingMax: 512,
      integerDigitsMax: 1024,
      pastBytesMax: 67_108_864,
      columnBytesMax: 67_108_864,
      subscriptionsMax: 10_000,
      connectionOperationsMax: 100,
      feedBytesMax: 33_554_432,
      pageSizeMax: 1000,
      filterDepthMax: 64,
      filterPartsMax: 1000,
      filterValuesMax: 10_000,
      regexLengthMax: 1000,
      sortPathsMax: 8,
      allowedHosts: [],
      allowedOrigins: [],
      auth: 'auto',
      authFailuresMax: 20,
      jwt: null,
      tls: null,
      operationsMax: 10_000,
      idempotencyWindowMs: 86_400_000,
      idempotencyKeysMax: 1_000_000,
      pendingBytesMax: 256 * 1024 * 1024,
      memoryBytesMax: null,
      stallMsMax: 5000,
      durability: 'sync',
      syncIntervalMs: null,
      viewsMax: 10_000,
      segmentBytesMax: 64 * 1024 * 1024,
      snapshotLogBytes: 64 * 1024 * 1024,
      historyBytesMax: 4 * 1024 ** 3,
      groupsMax: 100_000,
      graphqlTokensMax: 100_000,
      graphqlDepthMax: 32,
      graphqlFieldsMax: 5_000,
      graphqlAliasesMax: 1_000,
      graphqlDirectivesMax: 500,
      graphqlCostMax: 250_000,
      introspection: 'allowed',
      connectionsMax: 20_000,
      requestsPerSecondMax: Number.POSITIVE_INFINITY,
      headersMsMax: 10_000,
      requestMsMax: 120_000,
      keepAliveMsMax: 65_000,
      socketIdleMsMax: 120_000,
      eventLoopDelayMsMax: 1_000,
      heapPercentMax: 98,
      metrics: 'token',
      slowQueryMs: 100,
      selfDestruct: 'refused',
      viewMsMax: 60_000,
      drainMsMax: 8000,
      logLevel: 'info',
      logFormat: 'auto',
      runAs: null,
    });
  });

  test('a flag beats the environment, which beats the default', () => {
    expect(configOf([], { YARADB_PORT: '9001' }).port).toBe(9001);
    expect(configOf(['--port', '9002'], { YARADB_PORT: '9001' }).port).toBe(9002);
    expect(configOf(['--port=9003'], { YARADB_PORT: '9001' }).port).toBe(9003);
  });

  test('an empty environment variable counts as not set', () => {
    expect(configOf([], { YARADB_PORT: '', YARADB_DATA_DIR: '', DATA_DIR: '/old' })).toMatchObject({
      port: 8000,
      dataDirectory: '/old',
    });
  });

  test('YARADB_DATA_DIR beats DATA_DIR of the predecessor', () => {
    expect(configOf([], { DATA_DIR: '/old', YARADB_DATA_DIR: '/new' }).dataDirectory).toBe('/new');
  });

  test.each([
    [[], {}, '/app', 'mounted'],
    [[], { YARADB_DATA_DIR_DEFAULT: '/data' }, '/app', 'mounted'],
    [[], { DATA_DIR: '/old' }, '/old', 'named'],
    [['--data-dir', '/new'], {}, '/new', 'named'],
  ])('with something mounted at /app, %j and %j mean %s', (flags, environment, directory, origin) => {
    expect(configOf(flags, environment, true)).toMatchObject({
      dataDirectory: directory,
      dataDirectoryOrigin: origin,
    });
  });

  test('the default data directory can be set apart from a named one', () => {
    expect(configOf([], { YARADB_DATA_DIR_DEFAULT: '/data' })).toMatchObject({
      dataDirectory: '/data',
      dataDirectoryOrigin: 'default',
    });
  });

  test.each([
    ['1048577', 1_048_577],
    ['2048KiB', 2_097_152],
    ['2MiB', 2_097_152],
    ['1GiB', 1_073_741_824],
  ])('the size %s is %i bytes', (text, bytes) => {
    expect(configOf(['--pending-bytes-max', text]).pendingBytesMax).toBe(bytes);
  });

  test('lists are split at commas and brought to one spelling', () => {
    expect(configOf(['--allowed-hosts', 'DB.example, yaradb'], {}).allowedHosts).toEqual(['db.example', 'yaradb']);
    expect(configOf([], { YARADB_ALLOWED_ORIGINS: 'https://Studio.example:8443/' }).allowedOrigins).toEqual([
      'https://studio.example:8443',
    ]);
  });

  test('the configuration cannot be changed', () => {
    const config = configOf(['--run-as', '1000:1000', '--allowed-hosts', 'a']);
    expect([config, config.allowedHosts, config.allowedOrigins, config.runAs].every(Object.isFrozen)).toBe(true);
  });

  test.each([
    [['--port', 'http'], {}, "--port is 'http': expected a whole number from 0 to 65535"],
    [['--port', '65536'], {}, "--port is '65536': expected a whole number from 0 to 65535"],
    [['--port', '1e3'], {}, "--port is '1e3': expected a whole number from 0 to 65535"],
    [[], { YARADB_PORT: '-1' }, "YARADB_PORT is '-1': expected a whole number from 0 to 65535"],
    [['--host='], {}, "--host is '': expected some text"],
    [
      ['--body-bytes-max', '16MB'],
      {},
      "--body-bytes-max is '16MB': expected a size from 1KiB to 64MiB, in bytes or as 64KiB, 16MiB, 1GiB",
    ],
    [
      [],
      { YARADB_LOG_LEVEL: 'loud' },
      "YARADB_LOG_LEVEL is 'loud': expected one of trace, debug, info, warn, error, fatal, silent",
    ],
    [
      ['--allowed-hosts', 'a,,b'],
      {},
      "--allowed-hosts is 'a,,b': expected host names without a port, separated by commas, or *",
    ],
    [
      ['--allowed-origins', 'https://a.example/path'],
      {},
      "--allowed-origins is 'https://a.example/path': expected origins such as https://studio.example, separated by commas",
    ],
    [
      ['--jwks-url', 'http://issuer.example/keys'],
      {},
      "--jwks-url is 'http://issuer.example/keys': expected an https URL, or an http URL of this machine",
    ],
    [['--jwt-issuer', 'i'], {}, '--jwt-audience is missing: without it, a token for any other service would do'],
    [['--jwt-issuer', 'i', '--jwt-audience', 'a'], {}, '--jwt-issuer needs either --jwks-url or --jwks-file'],
    [['--jwks-file', 'f'], {}, '--jwt-issuer is missing: --jwt-audience, --jwks-url and --jwks-file are about it'],
    [
      ['--auth', 'none', '--jwt-issuer', 'i'],
      {},
      '--auth none lets everybody in, so no JWT is looked at: leave --jwt-issuer out',
    ],
    [['--tls-cert', 'c'], {}, '--tls-cert needs --tls-key, the private key of that certificate'],
    [['--tls-key', 'k'], {}, '--tls-key needs --tls-cert, the certificate of that key'],
    [['--run-as', 'node'], {}, "--run-as is 'node': expected two numbers such as 1000:1000, neither of them 0"],
    [['--run-as', '0:0'], {}, "--run-as is '0:0': expected two numbers such as 1000:1000, neither of them 0"],
  ])('%j with %j is refused with the setting, the value and what is expected', (flags, environment, message) => {
    expect(messageOf(() => configOf(flags, { ...environment }))).toBe(message);
  });

  test.each([
    [['--prot', '9000'], 'unknown flag --prot'],
    [['-p', '9000'], 'unknown flag -p'],
    [['--__proto__', 'x'], 'unknown flag --__proto__'],
    [['--port'], '--port needs a value: --port PORT'],
    [['--host', '--port', '9000'], '--host needs a value: --host ADDRESS'],
  ])('%j is refused', (given, message) => {
    expect(messageOf(() => parseCommandLine(given))).toBe(message);
  });

  test('words, --help and --version are told apart from the settings', () => {
    expect(parseCommandLine(['serve', '--port', '1', '-h', '--version'])).toEqual({
      flags: new Map([['port', '1']]),
      words: ['serve'],
      help: true,
      version: true,
    });
  });

  test('no flag and no environment variable stands for two settings', () => {
    const names = Object.values(settings).flatMap(({ flag, environment }) => [flag, ...environment]);
    expect(new Set(names).size).toBe(names.length);
  });
});
