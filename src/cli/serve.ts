import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { createAccessToken } from '../access/access-token.ts';
import { type App, type AppConfig, createApp } from '../app.ts';
import { isLoopback } from '../settings/server-address.ts';
import { refuseBackup } from './backup-directory.ts';
import { findPredecessorFiles } from './data-directory.ts';
import { failureOfClosing, failureOfDisk, failureOfOpening } from './database-failure.ts';
import { collectForServing, fittingMemoryBytesMax, wantedMemoryBytesMax } from './heap-limit.ts';
import { failureOfListening } from './listening-failure.ts';
import { createLogger } from './logger.ts';
import { OperatorFile } from './operator-file.ts';
import { leaveRoot } from './privileges.ts';
import { awaitStopSignal, stopOnBug } from './process-lifecycle.ts';
import { readConfig } from './read-config.ts';
import { logCertificate, readFilesAgainOnHangup, readServerFiles } from './server-files.ts';
import { readVersion } from './version.ts';

/** Once the disk has failed there is nothing to wait for but answers that say so. */
const drainMsAfterFailure = 1_000;

/**
 * Runs the server until it is asked to stop, and resolves once everything is on disk and closed.
 * @throws {UsageError} for a setting that cannot be used.
 * @throws {CommandFailure} when the server cannot start, or the disk failed under it.
 */
export async function serve(
  flags: ReadonlyMap<string, string>,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const settings = readConfig(flags, environment);
  const wantedMemoryBytes = wantedMemoryBytesMax(settings);
  const config = { ...settings, memoryBytesMax: fittingMemoryBytesMax(wantedMemoryBytes) };
  const log = await createLogger(config, process.stderr.isTTY === true);
  stopOnBug(log);
  const stopSignal = awaitStopSignal(log);
  leaveRoot(config.runAs, config.dataDirectory);
  if (config.memoryBytesMax < wantedMemoryBytes) {
    log.warn(
      { memoryBytesMax: config.memoryBytesMax, wanted: wantedMemoryBytes },
      'Node was given a heap that is too small for --memory-bytes-max: documents may take what fits into it',
    );
  }

  refuseBackup(config.dataDirectory);
  const files = readServerFiles(config);
  const operatorToken = createAccessToken(randomBytes).text;
  const app = await createApp(config, readVersion(), log, { ...files, operatorToken }).catch((error: unknown) => {
    throw failureOfOpening(error, config);
  });
  collectForServing();
  const url = await app.listen().catch(async (error: unknown) => {
    await app.close();
    throw failureOfListening(error, config);
  });
  const operatorFile = new OperatorFile(config.dataDirectory);
  const openToOperators = (certificate: string | null): void => {
    operatorFile.write({ url, token: operatorToken, certificate }, (error) =>
      log.warn(
        { err: error, file: operatorFile.path },
        'commands on this machine will need a token of their own: the file could not be written',
      ),
    );
  };
  openToOperators(files.tls?.certificate ?? null);
  readFilesAgainOnHangup(config, log, (again) => {
    app.replaceFiles(again);
    openToOperators(again.tls?.certificate ?? null);
    logCertificate(again, config.tls?.certificateFile, log);
  });
  await logStart(app, config, log);
  logCertificate(files, config.tls?.certificateFile, log);
  announce(url);

  const reason = await Promise.race([stopSignal, app.failed]);
  if (typeof reason !== 'string') {
    log.fatal({ err: reason }, 'the disk failed: no new requests are taken');
    // Those under way get their answer, that the outcome is unknown. The log stays as it is: only recovery can mend it.
    await app.drain(drainMsAfterFailure);
    operatorFile.remove();
    throw failureOfDisk(reason, config);
  }
  log.info({ signal: reason }, 'stopping: no new requests are taken');
  await app.drain(config.drainMsMax);
  operatorFile.remove();
  await app.close().catch((error: unknown) => {
    throw failureOfClosing(error, config);
  });
  // It may have failed after the stop was asked for: nothing acknowledged is lost, but who runs the server has to know.
  const failure = await Promise.race([app.failed, Promise.resolve(null)]);
  if (failure !== null) throw failureOfDisk(failure, config);
  log.info('stopped: everything acknowledged is on disk');
}

async function logStart(app: App, config: AppConfig, log: Logger): Promise<void> {
  const { dataDirectory, dataDirectoryOrigin } = config;
  const status = await app.status();
  const { sequence, documents, durability, syncIntervalMs, memory, recovery } = status;
  if (dataDirectoryOrigin === 'mounted') {
    log.info({ dataDirectory }, 'no data directory is named and something is mounted at /app: the data lives there');
  }
  log.info(
    { version: readVersion(), pid: process.pid, dataDirectory, documents, sequence, durability, memory, recovery },
    'database open',
  );
  if (status.writes === 'storageFull') {
    log.warn(
      { dataDirectory, writes: status.writes },
      'the disk is full: reads are served, writes are refused until there is room',
    );
  }
  if (status.writes === 'memoryFull') {
    log.warn(
      { memory },
      'the documents take more memory than --memory-bytes-max allows: creates and updates are refused until there is room',
    );
  }
  logAccess(app, config, log);
  if (syncIntervalMs !== null) {
    log.warn(
      { durability, syncIntervalMs },
      `bounded loss: with --durability interval a power cut may lose the writes that were answered in the last ${syncIntervalMs} ms`,
    );
  }
  const { truncatedBytes, epochBegun } = recovery;
  if (epochBegun) {
    log.warn(
      { epoch: status.epoch, truncatedBytes },
      'the server had not been stopped cleanly while its durability was interval: the writes that were answered last may be lost, ' +
        'so a new epoch begins. What the log held of them behind a gap was set aside',
    );
  } else if (truncatedBytes > 0) {
    log.warn(
      { truncatedBytes },
      'the log ended in a torn write, which was never acknowledged: its bytes were set aside',
    );
  }
  const files = findPredecessorFiles(dataDirectory);
  if (files.length > 0 && sequence === 0) {
    log.warn(
      { dataDirectory, files },
      'the data directory holds data of the Python YaraDB, which was not imported yet: the files are left untouched and the database ' +
        `starts empty. To import it, stop this server and run: yaradb import --legacy ${dataDirectory} --data-dir ${dataDirectory}`,
    );
  }
}

/** What an operator has to know about who gets in. */
function logAccess(app: App, { auth, host, tls }: AppConfig, log: Logger): void {
  if (!app.authenticationRequired) {
    log[isLoopback(host) ? 'info' : 'warn'](
      { auth, host },
      'no authentication: whoever reaches the server may do everything',
    );
    return;
  }
  if (!app.hasWayIn) {
    log.warn(
      { auth },
      'nobody gets in yet, since there is no token that is valid: make a token with `yaradb token create --role admin` on this machine',
    );
  }
  if (tls === null && !isLoopback(host)) {
    log.warn(
      { host },
      'tokens are sent in the clear, unless a proxy in front adds TLS: --tls-cert and --tls-key encrypt them',
    );
  }
}

/** The first line is the one that programs look for: it says that the server is ready, and holds its URL. */
function announce(url: string): void {
  process.stdout.write(
    [
      `YaraDB ${readVersion()} is ready at ${url}`,
      `  GraphiQL  ${url}/graphql`,
      `  REST      ${url}/docs`,
      `  Health    ${url}/livez`,
      '',
    ].join('\n'),
  );
}
