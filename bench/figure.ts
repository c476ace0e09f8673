/** One line of the report: what was measured of ours, beside what it is held against. */
export interface Figure {
  readonly what: string;
  readonly unit: '/s' | 'ms' | 'MiB';
  /** The median of `oursOfRounds`. */
  readonly ours: number;
  readonly oursOfRounds: readonly number[];
  /** What it is compared with; null where it stands for itself. */
  readonly beside: string | null;
  readonly theirs: number | null;
  readonly theirsOfRounds: readonly number[];
  /** Ours by theirs. */
  readonly ratio: number | null;
  /** Null for what is only to be seen. */
  readonly target: Target | null;
  /** Of each of our answers, in milliseconds; of our process, in MiB. Where they were measured. */
  readonly p50?: number | undefined;
  readonly p99?: number | undefined;
  readonly resident?: number | undefined;
}

/** What the ratio, or our own figure in its unit, is to be at least or at most. */
export interface Target {
  readonly of: 'ratio' | 'ours';
  readonly sign: '≥' | '≤';
  readonly value: number;
}

type Named = Pick<Figure, 'what' | 'unit' | 'target'>;

/** A figure with a ceiling or a peer beside it. */
export function comparedFigure(
  { what, unit, target, beside }: Named & { readonly beside: string },
  oursOfRounds: readonly number[],
  theirsOfRounds: readonly number[],
): Figure {
  const ours = median(oursOfRounds);
  const theirs = median(theirsOfRounds);
  return { what, unit, ours, oursOfRounds, beside, theirs, theirsOfRounds, ratio: ours / theirs, target };
}

/** A figure that is held against a number, or none. */
export function plainFigure({ what, unit, target }: Named, oursOfRounds: readonly number[]): Figure {
  const nothing = { beside: null, theirs: null, theirsOfRounds: [], ratio: null };
  return { what, unit, ours: median(oursOfRounds), oursOfRounds, ...nothing, target };
}

/** True where there is no target. */
export function holds({ target, ratio, ours }: Figure): boolean {
  if (target === null) return true;
  const value = target.of === 'ours' ? ours : (ratio ?? Number.NaN);
  return target.sign === '≥' ? value >= target.value : value <= target.value;
}

/** The figures as a Markdown table. */
export function tableOf(figures: readonly Figure[]): string {
  const lines = figures.map((figure) => {
    const { what, unit, ours, beside, theirs, ratio, p50, p99, resident } = figure;
    return [
      what,
      quantity(ours, unit),
      beside ?? '–',
      quantity(theirs, unit),
      ratio === null ? '–' : ratio.toFixed(2),
      targetText(figure),
      quantity(p50, 'ms'),
      quantity(p99, 'ms'),
      quantity(resident, 'MiB'),
    ].join(' | ');
  });
  return [
    '| what | ours | beside | theirs | ratio | target | p50 | p99 | RSS |',
    '| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...lines.map((line) => `| ${line} |`),
  ].join('\n');
}

function targetText(figure: Figure): string {
  const { target, unit } = figure;
  if (target === null) return '–';
  const text = target.of === 'ratio' ? `${target.value}` : quantity(target.value, unit);
  return `${target.sign} ${text}${holds(figure) ? '' : ', missed'}`;
}

function quantity(value: number | null | undefined, unit: Figure['unit']): string {
  if (value === null || value === undefined) return '–';
  const digits = value < 1 ? 3 : value < 100 ? 2 : 0;
  return `${value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })} ${unit}`;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** @param share 0.99 for that which 99 of 100 are below. @throws {Error} when there are no values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  if (value === undefined) throw new Error('nothing was measured');
  return value;
}
