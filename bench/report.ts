import type { BenchOptions } from './bench.ts';
import type { Figure } from './figure.ts';

/** What one run of the bench has measured, as it is in `results/latest.json`. */
export interface Report extends BenchOptions {
  /** ISO 8601. */
  readonly date: string;
  readonly node: string;
  readonly machine: string;
  /** Of the machine, over 1, 5 and 15 minutes. */
  readonly loadBefore: readonly number[];
  readonly loadAfter: readonly number[];
  readonly skipped: readonly { readonly row: string; readonly reason: string }[];
  /** What each figure is called that does not reach its target. */
  readonly missed: readonly string[];
  readonly figures: readonly (Figure & { readonly row: string })[];
}

/** When, on what and how it was measured, in one line. */
export function circumstancesOf({ date, node, machine, rounds, load, loadBefore, skipped }: Report): string {
  const before = loadBefore[0]?.toFixed(1) ?? 'unknown';
  const left = skipped.map(({ row, reason }) => ` Left out: ${row} (${reason}).`).join('');
  return (
    `${date.slice(0, 10)}, Node ${node.slice(1)}, ${machine}, load average ${before} before. Medians of ${rounds} rounds in turn; requests come ` +
    `from ${load.connections} connections of wrk on the same processors, ${load.seconds} s a round.${left}`
  );
}
