import type { Figure } from './figure.ts';

const width = 860;
const labelWidth = 470;
const valueWidth = 120;
const rowHeight = 22;
const headHeight = 34;
/** Bars end here: what is ten times its target is no better drawn than what is twice it. */
const scoreMax = 2;

/**
 * The figures that have a target as a picture (SVG): how far each is on its way there. The line in the middle is the target; what reaches
 * it, holds, whether more is better or less.
 */
export function pictureOf(figures: readonly Figure[]): string {
  const drawn = figures.flatMap((figure) => {
    const score = scoreOf(figure);
    return score === null ? [] : [{ figure, score }];
  });
  const height = headHeight + drawn.length * rowHeight + 8;
  const barWidth = width - labelWidth - valueWidth;
  const targetX = labelWidth + barWidth / scoreMax;
  const bars = drawn.map(({ figure, score }, index) => {
    const y = headHeight + index * rowHeight;
    const length = (Math.min(score, scoreMax) / scoreMax) * barWidth;
    return [
      `<text x="${labelWidth - 10}" y="${y + 14}" text-anchor="end">${escapeXml(shortLabel(figure))}</text>`,
      `<rect class="${score >= 1 ? 'holds' : 'missed'}" x="${labelWidth}" y="${y + 3}" width="${length.toFixed(1)}" height="14" rx="2"/>`,
      `<text x="${width - valueWidth + 10}" y="${y + 14}">${escapeXml(valueText(figure))}</text>`,
    ].join('\n');
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="How far each figure is on the way to its target">
<style>
text { font: 12px system-ui, sans-serif; fill: #24292f; }
.holds { fill: #2da44e; } .missed { fill: #d4793a; } .target { stroke: #57606a; stroke-dasharray: 3 3; }
@media (prefers-color-scheme: dark) { text { fill: #c9d1d9; } .target { stroke: #8b949e; } }
</style>
<text x="${targetX}" y="18" text-anchor="middle">target</text>
<line class="target" x1="${targetX}" x2="${targetX}" y1="24" y2="${height - 4}"/>
${bars.join('\n')}
</svg>
`;
}

/** 1 where the target is just reached, more where there is room; null for what has none. */
function scoreOf({ target, ratio, ours }: Figure): number | null {
  if (target === null) return null;
  const value = target.of === 'ours' ? ours : ratio;
  if (value === null) return null;
  return target.sign === '≥' ? value / target.value : target.value / value;
}

function shortLabel({ what, beside }: Figure): string {
  const label = beside === null || beside === 'without' ? what : `${what} / ${beside}`;
  return label.length > 66 ? `${label.slice(0, 65)}…` : label;
}

function valueText({ target, ratio, ours, unit }: Figure): string {
  if (target === null) return '';
  const value = target.of === 'ours' ? `${ours.toPrecision(3)} ${unit}` : (ratio ?? 0).toFixed(2);
  return `${value} (${target.sign} ${target.value})`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
