import { Histogram, type MetricObjectWithValues, type MetricValueWithName, type Registry } from 'prom-client';
import type { HistogramValues } from '../database/histogram.ts';

export interface HistogramSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly values: HistogramValues;
}

interface PrometheusHistogramOptions {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly registry: Registry;
  readonly read: () => readonly HistogramSeries[];
}

/** A histogram that others have counted: prom-client's own would look its labels up for every value. */
export class PrometheusHistogram extends Histogram {
  readonly #options: PrometheusHistogramOptions;
  /** One without values: all that a metric says besides them. */
  readonly #empty: Histogram;

  constructor(options: PrometheusHistogramOptions) {
    const { name, help, labelNames, registry } = options;
    super({ name, help, labelNames, registers: [registry] });
    this.#options = options;
    this.#empty = new Histogram({ name, help, labelNames, registers: [] });
  }

  override async get(): Promise<MetricObjectWithValues<MetricValueWithName<string>>> {
    const { name, read } = this.#options;
    const values = read().flatMap((series) => lines(name, series));
    return { ...(await this.#empty.get()), values };
  }

  /** What the text of a registry is made of. */
  getForPromString(): Promise<MetricObjectWithValues<MetricValueWithName<string>>> {
    return this.get();
  }
}

/** The buckets of Prometheus hold all that is up to their bound. */
function lines(
  name: string,
  { labels, values: { bounds, counts, sum } }: HistogramSeries,
): MetricValueWithName<string>[] {
  let count = 0;
  const buckets = [...bounds, '+Inf'].map((bound, index) => {
    count += counts[index] ?? 0;
    return { labels: { ...labels, le: bound }, value: count, metricName: `${name}_bucket` };
  });
  return [
    ...buckets,
    { labels, value: sum, metricName: `${name}_sum` },
    { labels, value: count, metricName: `${name}_count` },
  ];
}
