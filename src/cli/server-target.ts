import { readFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import type { Config } from '../config.ts';
import { optionalText, type SettingType, UsageError } from '../setting.ts';
import { serverUrl } from '../settings/server-address.ts';
import type { GivenArguments, Option } from './command.ts';
import { OperatorFile } from './operator-file.ts';
import { readConfig } from './read-config.ts';

const urlType: SettingType<URL> = {
  placeholder: 'URL',
  expected: 'the URL of a server, such as http://127.0.0.1:8000 or https://db.example:8000',
  parse: (given) => {
    const url = URL.canParse(given) ? new URL(given) : undefined;
    const isServer = url !== undefined && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search === '';
    return isServer && url.username === '' && url.password === '' ? url : undefined;
  },
};

const url: Option<URL> = {
  flag: 'url',
  type: urlType,
  help: 'The server. When absent, the one that runs on the data directory of --data-dir, else the one that YARADB_HOST and YARADB_PORT name: http://127.0.0.1:8000 without them.',
};

const dataDirectory: Option<string | null> = {
  flag: 'data-dir',
  type: optionalText('DIRECTORY'),
  help: 'The data directory of a server on this machine, which is reached by what it keeps there for whoever can read it. When absent, that of the settings of serve.',
};

const tokenFile: Option<string | null> = {
  flag: 'token-file',
  type: optionalText('FILE'),
  help: 'A file that holds a token with the role admin. When absent, the environment variable YARADB_TOKEN, else what the server keeps in its data directory.',
};

const certificateFile: Option<string | null> = {
  flag: 'ca-file',
  type: optionalText('FILE'),
  help: "Certificates (PEM) to trust besides the machine's own, for a server whose certificate comes from a private authority or from itself.",
};

/** What every command takes that asks a running server. */
export const serverOptions = { url, dataDirectory, tokenFile, certificateFile };

/** Where a server is, and how it is reached. */
export interface ServerTarget {
  readonly url: URL;
  /** Null: it is asked without one. */
  readonly token: string | null;
  readonly tls: Pick<RequestOptions, 'ca' | 'checkServerIdentity' | 'allowPartialTrustChain'>;
}

/** @throws {UsageError} when a flag, a variable or a file cannot be used. */
export function serverTargetOf(given: GivenArguments): ServerTarget {
  const config = readConfig(dataDirectoryFlag(given), process.env);
  const named = given.value(url);
  const operator = new OperatorFile(config.dataDirectory).read();
  const target = named ?? configuredUrl(config) ?? new URL(operator?.url ?? serverUrl(config, config.port));
  const isOperators = operator !== null && new URL(operator.url).origin === target.origin;
  const authorities = given.value(certificateFile);
  const certificates = authorities === null ? null : readText(authorities, '--ca-file');
  return {
    url: target,
    token: givenToken(given) ?? (isOperators ? operator.token : null),
    tls:
      certificates !== null
        ? { ca: certificates }
        : isOperators && operator.certificate !== null
          ? pinned(operator.certificate)
          : {},
  };
}

/** The token of a flag or a variable; null when there is none. @throws {UsageError} */
export function givenToken(given: GivenArguments): string | null {
  const file = given.value(tokenFile);
  const text = file === null ? (process.env.YARADB_TOKEN ?? '') : readText(file, '--token-file');
  const token = text.trim();
  if (token === '') {
    if (file !== null) throw new UsageError(`--token-file '${file}' holds no token`);
    return null;
  }
  if (/^[\w.~+/-]+=*$/.test(token)) return token;
  throw new UsageError(`${file === null ? 'YARADB_TOKEN' : `--token-file '${file}'`} is no token`);
}

/** What `--data-dir` comes to among the settings. */
export function dataDirectoryFlag(given: GivenArguments): ReadonlyMap<string, string> {
  const directory = given.value(dataDirectory);
  return directory === null ? new Map() : new Map([[dataDirectory.flag, directory]]);
}

/** Null when the environment says nothing about the address: port 0 is none. */
function configuredUrl(config: Config): URL | null {
  const { YARADB_HOST: host = '', YARADB_PORT: port = '' } = process.env;
  return (host === '' && port === '') || config.port === 0 ? null : new URL(serverUrl(config, config.port));
}

/** The very certificate that the server said it has, whoever made it out and for whatever name. */
function pinned(certificate: string): ServerTarget['tls'] {
  return { ca: certificate, allowPartialTrustChain: true, checkServerIdentity: () => undefined };
}

function readText(file: string, flag: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${flag} '${file}' cannot be read (${error instanceof Error ? error.message : error})`);
  }
}
