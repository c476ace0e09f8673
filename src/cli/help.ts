import { settings } from '../config.ts';
import { exitCodeMeanings } from './exit-code.ts';

const width = 100;
const indent = '      ';

/** What `yaradb --help` prints. The settings come from their table, so that none is missing. */
export function helpText(): string {
  return `Usage: yaradb [serve] [--flag VALUE ...]

YaraDB, a document database server with a GraphQL API and a REST API.

Commands:
  serve              Run the server (this is what happens without a command, too).

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
${Array.from(exitCodeMeanings, ([code, meaning]) => `  ${String(code).padStart(2)}  ${meaning}`).join('\n')}
`;
}

function wrap(text: string): string {
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
