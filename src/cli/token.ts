import { formatRights, parseRights, type Rights } from '../database/rights.ts';
import { isJsonObject, type JsonObject } from '../document/json.ts';
import { stringifyJson } from '../document/json-serializer.ts';
import { formatTime } from '../document/timestamp.ts';
import { type SettingType, text, UsageError } from '../setting.ts';
import { type Command, type GivenArguments, jsonOption, type Option } from './command.ts';
import { durationType } from './duration.ts';
import { exitCodes } from './exit-code.ts';
import { printLine } from './output.ts';
import { serverOptions } from './server-target.ts';
import { openTokenDesk, type TokenDesk } from './token-desk.ts';

const roleType: SettingType<Rights> = {
  placeholder: 'ROLE,...',
  expected: 'read, write or admin for all tables, or for one as in write:orders, several with commas between',
  parse: (given) => parseRights(given.split(',').map((role) => role.trim())) ?? undefined,
};

const options = {
  role: {
    flag: 'role',
    type: roleType,
    help: 'Of create, required: what the token may do. read, write or admin on all tables, write:orders on one, several with commas between, as in read,write:orders.',
  },
  name: {
    flag: 'name',
    type: text('NAME'),
    help: 'Of create: who the token stands for. The log names whoever wrote a commit by it. When absent, token- and its id.',
  },
  expires: {
    flag: 'expires',
    type: durationType,
    help: 'Of create: how long it is good, such as 90d or 12h. When absent, until it is revoked.',
  },
  all: {
    flag: 'all',
    type: null,
    help: 'Of revoke: every token that still stands, instead of the one named by its ID.',
  },
  ...serverOptions,
  json: jsonOption,
} as const satisfies Record<string, Option>;

/** `yaradb token create|list|revoke|prune`. */
export const tokenCommand: Command = {
  usage: 'create|list|revoke|prune [ID] [--flag VALUE ...]',
  description: [
    'Makes, lists, revokes and forgets the tokens that requests have to show. A token is printed once, by create, and kept nowhere: the server has its ' +
      'SHA-256 alone. What was revoked is refused from the next request on. prune forgets those that are revoked or have expired, which list tells until then.',
    'By default it works on the data directory of this machine (--data-dir, as for serve), whether a server has it open or not: so the first ' +
      'token can be made before the first start. With --url it asks a server anywhere, which takes a token of the role admin.',
    'Each role may do what those before it may. read: documents, their history, tables. write: creates, changes, archives and restores ' +
      'documents. admin: erases documents, makes, changes and drops tables and indexes; on all tables also backups and tokens.',
  ],
  options,
  exitCodes: new Map([
    [exitCodes.clean, 'Done, and on disk.'],
    [exitCodes.usage, 'A flag is wrong, there is no token of this ID, or the data directory cannot be used.'],
    [exitCodes.locked, 'A server has the data directory open, and this user may not read how to reach it.'],
    [exitCodes.corruption, 'The data is damaged. Nothing was changed.'],
    [exitCodes.diskFailed, 'The disk failed or is full.'],
    [exitCodes.noServer, 'The server cannot be reached, refused, or broke off.'],
    [exitCodes.bug, 'A bug; standard error says what happened.'],
  ]),
  async run(given) {
    const act = actionOf(given);
    const desk = await openTokenDesk(given);
    try {
      await act(desk);
    } finally {
      await desk.close();
    }
    return exitCodes.clean;
  },
};

/** What is to be done, once it is known that it was asked for in the right words. */
function actionOf(given: GivenArguments): (desk: TokenDesk) => Promise<void> {
  const json = given.has(options.json);
  const [action = '', ...rest] = given.words;
  const [id] = rest;
  if (rest.length > (action === 'revoke' ? 1 : 0)) throw new UsageError(`'${rest.at(-1)}' is one word too many`);
  switch (action) {
    case 'create': {
      const rights = given.value(options.role);
      if (rights === null) throw new UsageError('--role is missing: --role admin, --role read or --role write:orders');
      const lifetime = given.value(options.expires);
      const name = given.value(options.name);
      return async (desk) => {
        const created = await desk.create({
          ...(name === null ? {} : { name }),
          roles: [...formatRights(rights)],
          expires_at: lifetime === null ? null : formatTime(Date.now() + lifetime),
        });
        // The token alone, so that a script can take it.
        await printLine(json ? stringifyJson(created) : String(created.token));
      };
    }
    case 'list':
      return async (desk) => {
        const listed = await desk.list();
        if (json) await printLine(stringifyJson(listed));
        else for (const line of tableOf(listed)) await printLine(line);
      };
    case 'revoke': {
      if ((id === undefined) === !given.has(options.all))
        throw new UsageError('revoke takes the ID of a token, or --all');
      return async (desk) => {
        const ids = id === undefined ? standing(await desk.list()) : [idOf(id)];
        const revoked: JsonObject[] = [];
        for (const each of ids) revoked.push(await desk.revoke(each));
        if (json) await printLine(stringifyJson({ tokens: revoked }));
        else await printLine(`revoked: ${namesOf(revoked)}`);
      };
    }
    case 'prune':
      return async (desk) => {
        const forgotten = await desk.prune();
        if (json) await printLine(stringifyJson(forgotten));
        else await printLine(`forgotten: ${namesOf(tokensOf(forgotten))}`);
      };
    default:
      throw new UsageError(`expected create, list, revoke or prune${action === '' ? '' : `, and not '${action}'`}`);
  }
}

function namesOf(tokens: readonly JsonObject[]): string {
  return tokens.map((token) => `${token.id} (${token.name})`).join(', ') || 'none';
}

/** Whoever has the token itself at hand need not look its id up. */
function idOf(given: string): string {
  return /^yara_([0-9A-Za-z]{12})/.exec(given)?.[1] ?? given;
}

function tokensOf({ tokens }: JsonObject): readonly JsonObject[] {
  return Array.isArray(tokens) ? tokens.filter(isJsonObject) : [];
}

function standing(listed: JsonObject): readonly string[] {
  return tokensOf(listed).flatMap(({ id, revoked_at }) => (revoked_at === null ? [String(id)] : []));
}

function tableOf(listed: JsonObject): readonly string[] {
  const rows = tokensOf(listed).map(({ id, name, roles, created_at, expires_at, revoked_at }) => [
    String(id),
    String(name),
    Array.isArray(roles) ? roles.join(',') : '',
    String(created_at),
    stateOf(expires_at, revoked_at),
  ]);
  if (rows.length === 0) return ['no tokens'];
  const all = [['ID', 'NAME', 'ROLES', 'CREATED', 'STATE'], ...rows];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function stateOf(expiresAt: unknown, revokedAt: unknown): string {
  if (typeof revokedAt === 'string') return `revoked ${revokedAt}`;
  if (typeof expiresAt !== 'string') return 'valid';
  return Date.parse(expiresAt) <= Date.now() ? `expired ${expiresAt}` : `valid until ${expiresAt}`;
}
