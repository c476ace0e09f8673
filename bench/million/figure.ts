import { median } from '../table.ts';

/** One line of the report: what was measured of ours, beside what it is held against. */
export interface Figure {
  readonly what: string;
  readonly unit: 'ms' | 'MiB';
  /** The median of `oursOfRounds`. */
  readonly ours: number;
  readonly oursOfRounds: readonly number[];
  /** What it is compared with; null where the target is a figure of its own. */
  readonly beside: string | null;
  readonly theirs: number | null;
  readonly theirsOfRounds: readonly number[];
  /** Ours by theirs. */
  readonly ratio: number | null;
  /** What it should be at most. */
  readonly target: string;
}

/** A figure with a ceiling beside it. */
export function comparedFigure(
  { what, unit, beside, target }: Pick<Figure, 'what' | 'unit' | 'beside' | 'target'>,
  oursOfRounds: readonly number[],
  theirsOfRounds: readonly number[],
): Figure {
  const ours = median(oursOfRounds);
  const theirs = median(theirsOfRounds);
  return { what, unit, ours, oursOfRounds, beside, theirs, theirsOfRounds, ratio: ours / theirs, target };
}

/** A figure that is held against a number. */
export function plainFigure(
  { what, unit, target }: Pick<Figure, 'what' | 'unit' | 'target'>,
  oursOfRounds: readonly number[],
): Figure {
  const nothing = { beside: null, theirs: null, theirsOfRounds: [], ratio: null };
  return { what, unit, ours: median(oursOfRounds), oursOfRounds, ...nothing, target };
}

/** The figures as a Markdown table. */
export function tableOfFigures(figures: readonly Figure[]): string {
  const lines = figures.map(({ what, unit, ours, beside, theirs, ratio, target }) =>
    [
      what,
      quantity(ours, unit),
      beside ?? '–',
      theirs === null ? '–' : quantity(theirs, unit),
      ratio === null ? '–' : ratio.toFixed(2),
      target,
    ].join(' | '),
  );
  return [
    '| what | ours | beside | theirs | ratio | target |',
    '| --- | ---: | --- | ---: | ---: | ---: |',
    ...lines.map((line) => `| ${line} |`),
  ].join('\n');
}

function quantity(value: number, unit: Figure['unit']): string {
  const digits = value < 100 ? 2 : 0;
  return `${value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })} ${unit}`;
}
