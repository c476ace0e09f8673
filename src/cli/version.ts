import { readFileSync } from 'node:fs';

/** The version in the package's own description, which lies two levels above this file in the sources and in `dist`. */
export function readVersion(): string {
  const description: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  if (typeof description === 'object' && description !== null && 'version' in description) {
    const { version } = description;
    if (typeof version === 'string') return version;
  }
  throw new TypeError('package.json names no version');
}
