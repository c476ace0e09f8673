// Writes what the last `npm run bench` has measured into the README: the table, when and where it was measured, and the picture.
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { tableOf } from '../bench/figure.ts';
import { circumstancesOf, type Report } from '../bench/report.ts';
import { replaceSection } from './readme-section.ts';

const root = new URL('../', import.meta.url);
const report: Report = JSON.parse(readFileSync(new URL('bench/results/latest.json', root), 'utf8'));
const readme = new URL('README.md', root);
const section = `\n${tableOf(report.figures)}\n\n${circumstancesOf(report)}\n\n`;
writeFileSync(readme, replaceSection(readFileSync(readme, 'utf8'), 'performance', section));
copyFileSync(new URL('bench/results/latest.svg', root), new URL('bench/performance.svg', root));
