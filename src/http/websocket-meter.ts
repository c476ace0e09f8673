import { Gauge, type Registry } from 'prom-client';
import { Histogram } from '../database/histogram.ts';
import { PrometheusHistogram } from './prometheus-histogram.ts';
import { type OperationKind, requestBounds } from './request-meter.ts';

/** What goes on over WebSockets: each is one request, whose answer says nothing of what comes after it. */
export class WebSocketMeter {
  readonly #durations: Readonly<Record<OperationKind, Histogram>> = {
    query: new Histogram(requestBounds),
    mutation: new Histogram(requestBounds),
    subscription: new Histogram(requestBounds),
  };
  #open = 0;

  opened(): void {
    this.#open += 1;
  }

  closed(): void {
    this.#open -= 1;
  }

  operation(kind: OperationKind, milliseconds: number): void {
    this.#durations[kind].add(milliseconds / 1_000);
  }

  addTo(registry: Registry): void {
    const open = () => this.#open;
    new Gauge({
      name: 'yaradb_websocket_connections',
      help: 'WebSockets that are open.',
      registers: [registry],
      collect() {
        this.set(open());
      },
    });
    new PrometheusHistogram({
      name: 'yaradb_websocket_operation_duration_seconds',
      help: 'Of operations over WebSockets: until the result is there, or a subscription has begun.',
      labelNames: ['operation'],
      registry,
      read: () =>
        Object.entries(this.#durations).map(([operation, histogram]) => ({
          labels: { operation },
          values: histogram.values(),
        })),
    });
  }
}
