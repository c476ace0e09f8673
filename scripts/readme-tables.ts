// Writes the tables in the guides that are made from the sources, between the comments that mark them. A test fails when they
// are out of date.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { exitCodeMeanings } from '../src/cli/exit-code.ts';
import { settings } from '../src/config.ts';
import { replaceSection } from './readme-section.ts';

const tables: Readonly<Record<string, () => string>> = { settings: settingsTable, 'exit codes': exitCodeTable };

/** The text with those of the tables that it has as the sources have them. */
export function withTables(text: string): string {
  const present = Object.entries(tables).filter(([name]) => text.includes(`<!-- ${name}:`));
  return present.reduce((written, [name, table]) => replaceSection(written, name, table()), text);
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
  const guides = new URL('../guide/', import.meta.url);
  for (const name of readdirSync(guides).filter((each) => each.endsWith('.md'))) {
    const path = new URL(name, guides);
    writeFileSync(path, withTables(readFileSync(path, 'utf8')));
  }
}
