import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { DatabaseMetrics, MetricsProvider } from '../database/metrics.ts';
import { addDatabaseMetrics } from './database-metrics.ts';
import { PrometheusHistogram } from './prometheus-histogram.ts';
import { RejectionCounts } from './rejection-counts.ts';
import { type RequestMeter, RequestMeters } from './request-meter.ts';
import { WebSocketMeter } from './websocket-meter.ts';

export interface ServerMetricsOptions {
  /** Of the server. */
  readonly version: string;
  readonly provider: MetricsProvider;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** What is told at `GET /metrics`. Everything is counted where it happens, in numbers, and made into metrics when somebody asks. */
export class ServerMetrics {
  readonly requests = new RequestMeters();
  readonly rejections = new RejectionCounts();
  readonly webSockets = new WebSocketMeter();
  readonly #registry = new Registry();
  readonly #provider: MetricsProvider;
  #database: DatabaseMetrics;
  #connections: () => number = () => 0;
  #isOverloaded: () => boolean = () => false;

  constructor({ version, provider, now }: ServerMetricsOptions) {
    const registers = [this.#registry];
    this.#provider = provider;
    this.#database = provider.metrics();
    new Gauge({ name: 'yaradb_build_info', help: 'Always 1.', labelNames: ['version', 'node'], registers }).set(
      { version, node: process.version },
      1,
    );
    this.#addHttpMetrics();
    this.webSockets.addTo(this.#registry);
    addDatabaseMetrics(this.#registry, () => this.#database, now);
    // Of the process: processor time, memory, heap, garbage collection, delay of the event loop.
    collectDefaultMetrics({ register: this.#registry });
  }

  /** Tells how to find out what the server alone knows. */
  watch(connections: () => number, isOverloaded: () => boolean): void {
    this.#connections = connections;
    this.#isOverloaded = isOverloaded;
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    this.#database = this.#provider.metrics();
    return this.#registry.metrics();
  }

  #addHttpMetrics(): void {
    const { requests, rejections } = this;
    const registers = [this.#registry];
    new PrometheusHistogram({
      name: 'yaradb_http_request_duration_seconds',
      help: "From the end of a request's headers to the head of its answer; a stream counts until it begins. GraphQL is told by the kind of operation.",
      labelNames: ['method', 'route', 'operation', 'status'],
      registry: this.#registry,
      read: () =>
        requests
          .all()
          .flatMap((meter) => meter.values().map(([status, values]) => ({ labels: labelsOf(meter, status), values }))),
    });
    new Counter({
      name: 'yaradb_rejections_total',
      help: 'Requests, or fields of GraphQL, that were answered with an error, by its code.',
      labelNames: ['code'],
      registers,
      collect() {
        this.reset();
        for (const [code, count] of rejections.all()) this.inc({ code }, count);
      },
    });
    const connections = () => this.#connections();
    new Gauge({
      name: 'yaradb_http_connections',
      help: 'Connections that are open.',
      registers,
      collect() {
        this.set(connections());
      },
    });
    const isOverloaded = () => this.#isOverloaded();
    new Gauge({
      name: 'yaradb_http_overloaded',
      help: '1 while requests are refused because the event loop or the heap cannot keep up.',
      registers,
      collect() {
        this.set(isOverloaded() ? 1 : 0);
      },
    });
  }
}

/** Without those that are empty, which are none to Prometheus. */
function labelsOf({ labels: { method, route, operation } }: RequestMeter, status: string): Record<string, string> {
  return {
    ...(method === '' ? {} : { method }),
    ...(route === '' ? {} : { route }),
    ...(operation === '' ? {} : { operation }),
    status,
  };
}
