import { settings } from '../config.ts';
import type { Command } from './command.ts';
import { commands } from './commands.ts';
import { type ExitCode, exitCodeMeanings } from './exit-code.ts';

const width = 100;
const settingIndent = '      ';

/** What `yaradb --help` prints. The settings come from their table, so that none is missing. */
export function helpText(): string {
  return `Usage: yaradb [serve] [--flag VALUE ...]

YaraDB, a document database server with a GraphQL API and a REST API.

Commands:
${commandLine('serve', 'Run the server (this is what happens without a command, too).')}
${Array.from(commands, ([name, { summary }]) => commandLine(name, summary)).join('\n')}

\`yaradb COMMAND --help\` tells what a command takes. What follows is about \`serve\`.

Settings: a flag beats the environment variable, which beats the default.
${Object.values(settings)
  .map(({ flag, type, environment, default: value, help }) => {
    const origin = `Environment: ${environment.join(', ')}. Default: ${value === '' ? 'none' : value}.`;
    return `  --${flag} ${type.placeholder}\n${wrap(help)}\n${wrap(origin)}`;
  })
  .join('\n')}
  --help, -h
${wrap('Print this text.')}
  --version, -v
${wrap('Print the version.')}

Exit codes:
${exitCodeLines(exitCodeMeanings)}
`;
}

/** What `yaradb COMMAND --help` prints. */
export function commandHelpText(
  name: string,
  { usage, description, examples = [], options, exitCodes }: Command,
): string {
  return `Usage: yaradb ${name} ${usage}

${description.map((paragraph) => wrap(paragraph, '')).join('\n\n')}
${examples.length === 0 ? '' : `\nExamples:\n${examples.map((example) => `  ${example}\n`).join('')}`}
Options:
${Object.values(options)
  .map(({ flag, type, help }) => `  --${flag}${type === null ? '' : ` ${type.placeholder}`}\n${wrap(help)}`)
  .join('\n')}
  --help, -h
${wrap('Print this text.')}

Exit codes:
${exitCodeLines(exitCodes)}
`;
}

function commandLine(name: string, summary: string): string {
  return `  ${name.padEnd(18)} ${summary}`;
}

function exitCodeLines(meanings: ReadonlyMap<ExitCode, string>): string {
  return Array.from(meanings, ([code, meaning]) => `  ${String(code).padStart(2)}  ${meaning}`).join('\n');
}

function wrap(text: string, indent = settingIndent): string {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(' ')) {
    if (line.length + word.length > width && line !== indent) {
      lines.push(line.trimEnd());
      line = indent;
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()].join('\n');
}
