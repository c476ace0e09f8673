import type { Measurement } from './load.ts';

/** One line of the report: our medians beside those of a ceiling or a peer. */
export interface Row {
  readonly workload: string;
  readonly peer: string;
  /** Requests a second. */
  readonly ours: number;
  readonly theirs: number;
  readonly ratio: number;
  /** Ours, in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly residentBytes: number | undefined;
}

export function rowOf(contest: {
  readonly workload: string;
  readonly ours: readonly Measurement[];
  readonly peer: string;
  readonly peers: readonly Measurement[];
  readonly residentBytes: number | undefined;
}): Row {
  const ours = median(contest.ours.map(({ requestsPerSecond }) => requestsPerSecond));
  const theirs = median(contest.peers.map(({ requestsPerSecond }) => requestsPerSecond));
  return {
    workload: contest.workload,
    peer: contest.peer,
    ours,
    theirs,
    ratio: ours / theirs,
    p50: median(contest.ours.map(({ p50 }) => p50)),
    p99: median(contest.ours.map(({ p99 }) => p99)),
    residentBytes: contest.residentBytes,
  };
}

/** The rows as a Markdown table. */
export function tableOf(rows: readonly Row[]): string {
  const lines = rows.map(({ workload, ours, peer, theirs, ratio, p50, p99, residentBytes }) =>
    [
      workload,
      perSecond(ours),
      peer,
      perSecond(theirs),
      ratio.toFixed(2),
      `${p50.toFixed(2)} ms`,
      `${p99.toFixed(2)} ms`,
      residentBytes === undefined ? '–' : `${Math.round(residentBytes / 1024 / 1024)} MiB`,
    ].join(' | '),
  );
  return [
    '| workload | ours /s | beside | theirs /s | ratio | p50 | p99 | RSS |',
    '| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |',
    ...lines.map((line) => `| ${line} |`),
  ].join('\n');
}

function perSecond(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error('nothing was measured');
  return middle;
}
