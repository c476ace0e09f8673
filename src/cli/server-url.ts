import { parseConfig, serverUrl } from '../config.ts';
import type { SettingType } from '../setting.ts';
import type { GivenArguments, Option } from './command.ts';

const urlType: SettingType<URL> = {
  placeholder: 'URL',
  expected: 'the URL of a server, such as http://127.0.0.1:8000',
  parse: (given) => {
    const url = URL.canParse(given) ? new URL(given) : undefined;
    return url?.protocol === 'http:' && url.pathname === '/' && url.search === '' ? url : undefined;
  },
};

/** Of a command that needs a running server: which one. */
export const urlOption: Option<URL> = {
  flag: 'url',
  type: urlType,
  help: 'The server. When absent, the one that YARADB_HOST and YARADB_PORT name: http://127.0.0.1:8000 without them.',
};

/** @throws {UsageError} when the flag or a variable cannot be used. */
export function serverUrlOf(given: GivenArguments): URL {
  const url = given.value(urlOption);
  if (url !== null) return url;
  const { host, port } = parseConfig(new Map(), process.env, false);
  return new URL(serverUrl(host, port));
}
