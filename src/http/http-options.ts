import type { Logger } from 'pino';
import type { Authenticator } from '../access/authenticator.ts';
import type { TokenRegistry } from '../access/token-registry.ts';
import type { BackupProvider } from '../database/backup.ts';
import type { Database } from '../database/database.ts';
import type { MaintenanceProvider } from '../database/maintenance.ts';
import type { JsonLimits } from '../document/json-parser.ts';
import type { LoadLimits } from './load-gauge.ts';
import type { ServerMetrics } from './server-metrics.ts';
import type { TlsFiles } from './transport-server.ts';

export interface HttpOptions {
  /** The version of the server, as `GET /` tells it. */
  readonly version: string;
  /** What `GET /readyz` asks. */
  readonly database: Database;
  /** What `GET /system/backup` asks. Absent: there is no such endpoint. */
  readonly backups?: BackupProvider;
  /** What `POST /system/snapshot` and `POST /system/compact` ask. Absent: there are no such endpoints. */
  readonly maintenance?: MaintenanceProvider;
  /** What counts, and `GET /metrics` tells. Absent: nothing does, and there is no such endpoint. */
  readonly metrics?: ServerMetrics;
  /** Whether `GET /metrics` is answered without a token. Default: not where others are asked for one. */
  readonly metricsOpen?: boolean;
  /** A pino logger; `false` writes nothing. At level debug each request gets a line. */
  readonly logger: Logger | false;
  /** Greatest request body in bytes; a longer one gets 413 before it is held in memory. */
  readonly bodyBytesMax: number;
  /** What a JSON body may be like: nesting, digits. */
  readonly jsonLimits: JsonLimits;
  /** Lower-case names, without port, that `Host` may name besides IP addresses and names without a dot. `*` admits all. */
  readonly allowedHosts: readonly string[];
  /** Origins such as `https://studio.example` whose pages may use the server. None: no CORS header is ever sent. */
  readonly allowedOrigins: readonly string[];
  /** Who asks. Absent: everybody may do everything. */
  readonly authenticator?: Authenticator;
  /** Given out, told and revoked at `/system/tokens`. Absent: there is no such endpoint. */
  readonly tokens?: TokenRegistry;
  /** Absent: what is sent is not encrypted. */
  readonly tls?: TlsFiles;
  /** Connections beyond it get 503. Default: any number. */
  readonly connectionsMax?: number;
  /** What one client may send in a second; more gets 429. Default: any number. */
  readonly requestsPerSecondMax?: number;
  /** When requests are refused with 503 because the process cannot keep up. Default: never. */
  readonly loadLimits?: LoadLimits;
  /** The deadlines of a connection. Default: `defaultHttpTimeouts`. */
  readonly timeouts?: HttpTimeouts;
}

/** All in milliseconds. */
export interface HttpTimeouts {
  /** From a request's first byte (or the connection's opening) to the end of its headers: 408 after it. */
  readonly headersMsMax: number;
  /** From a request's first byte to the end of its body: 408 after it. Not less than `headersMsMax`. */
  readonly requestMsMax: number;
  /** How long a connection may wait for the next request. Longer than the 60 s that proxies keep theirs. */
  readonly keepAliveMsMax: number;
  /** How long a client may move no byte when it is the one to do so: cuts off a reader that stopped reading. One that waits for its answer waits for as long as that takes. */
  readonly socketIdleMsMax: number;
  /** How long, while the server closes, a connection may wait for a request that is on its way. */
  readonly closeGraceMs: number;
  /** How often all but the last are checked: they are late by at most twice this. */
  readonly checkIntervalMs: number;
}

export const defaultHttpTimeouts: HttpTimeouts = Object.freeze({
  headersMsMax: 10_000,
  requestMsMax: 120_000,
  keepAliveMsMax: 65_000,
  socketIdleMsMax: 120_000,
  closeGraceMs: 250,
  checkIntervalMs: 1_000,
});
