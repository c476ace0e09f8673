// Writes the tables in README.md that are made from the sources, between the comments that mark them. A test fails when they
// are out of date.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { exitCodeMeanings } from '../src/cli/exit-code.ts';
import { settings } from '../src/config.ts';
import { replaceSection } from './readme-section.ts';

/** README.md's text with its tables as the sources have them. */
export function withTables(readme: string): string {
  return replaceSection(replaceSection(readme, 'settings', settingsTable()), 'exit codes', exitCodeTable());
}

function settingsTable(): string {
  const rows = Object.values(settings).map(({ flag, type, environment, default: value, help }) => {
    const variables = environment.map((name) => `\`${name}\``).join(', ');
    const placeholder = type.placeholder.replaceAll('|', '\\|');
    return `| \`--${flag} ${placeholder}\` | ${variables} | ${value === '' ? 'none' : `\`${value}\``} | ${help} |\n`;
  });
  return `\n| flag | environment | default | meaning |\n| --- | --- | --- | --- |\n${rows.join('')}\n`;
}

function exitCodeTable(): string {
  const rows = Array.from(exitCodeMeanings, ([code, meaning]) => `| ${code} | ${meaning} |\n`);
  return `\n| code | meaning |\n| --- | --- |\n${rows.join('')}\n`;
}

// Not `import.meta.main`: scripts/node-version.mjs imports the program that it runs.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = new URL('../README.md', import.meta.url);
  writeFileSync(path, withTables(readFileSync(path, 'utf8')));
}
