import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { parseNewToken, tokenList, tokenText } from '../access/token-json.ts';
import { TokenRegistry } from '../access/token-registry.ts';
import { anonymous } from '../database/principal.ts';
import type { JsonObject } from '../document/json.ts';
import { DirectoryLockedError } from '../embedded/directory-lock.ts';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../embedded/embedded-database.ts';
import { DatabaseError } from '../errors.ts';
import { refuseBackup } from './backup-directory.ts';
import type { GivenArguments } from './command.ts';
import { failureOfOpening } from './database-failure.ts';
import { exitCodes } from './exit-code.ts';
import { CommandFailure } from './failure.ts';
import { ensureHeap } from './heap-limit.ts';
import { failureOfRequest } from './maintenance-request.ts';
import { OperatorFile } from './operator-file.ts';
import { leaveRoot } from './privileges.ts';
import { readConfig } from './read-config.ts';
import { ServerError, ServerRequest } from './server-request.ts';
import { dataDirectoryFlag, givenToken, type ServerTarget, serverOptions, serverTargetOf } from './server-target.ts';

/** Where tokens are made, listed, revoked and forgotten. What it takes and gives is what `/system/tokens` does. */
export interface TokenDesk {
  create(token: JsonObject): Promise<JsonObject>;
  list(): Promise<JsonObject>;
  revoke(id: string): Promise<JsonObject>;
  prune(): Promise<JsonObject>;
  close(): Promise<void>;
}

/**
 * A server where one is named or whose token is; else the data directory: itself when nobody has it open, else by the server that has.
 * @throws {UsageError | CommandFailure}
 */
export async function openTokenDesk(given: GivenArguments): Promise<TokenDesk> {
  if (given.value(serverOptions.url) !== null || givenToken(given) !== null)
    return new ServerDesk(serverTargetOf(given));
  const config = readConfig(dataDirectoryFlag(given), process.env);
  const { dataDirectory, runAs } = config;
  const operator = new OperatorFile(dataDirectory).read();
  if (given.words[0] !== 'create' && !existsSync(dataDirectory)) {
    throw new CommandFailure(exitCodes.usage, `there is no data directory ${dataDirectory}: name it with --data-dir.`);
  }
  refuseBackup(dataDirectory);
  ensureHeap(config);
  leaveRoot(runAs, dataDirectory);
  try {
    const desk = await DirectoryDesk.open(await openEmbeddedDatabase({ directory: dataDirectory }));
    // Whoever has forgotten --data-dir would make a token here, and be refused elsewhere.
    if (given.words[0] === 'create')
      process.stderr.write(
        `yaradb: no server runs on ${dataDirectory}: this is a token of the one that is started with that --data-dir.\n`,
      );
    return desk;
  } catch (error) {
    if (!(error instanceof DirectoryLockedError)) throw failureOfOpening(error, config);
    if (operator === null) {
      throw new CommandFailure(
        exitCodes.locked,
        `${dataDirectory} is open in another process. Run this as the user of that server, or name it with --url and a token with --token-file.`,
        { cause: error },
      );
    }
    return new ServerDesk(serverTargetOf(given));
  }
}

class ServerDesk implements TokenDesk {
  readonly #server: ServerTarget;

  constructor(server: ServerTarget) {
    this.#server = server;
  }

  create(token: JsonObject): Promise<JsonObject> {
    return this.#ask('POST', '', token);
  }

  list(): Promise<JsonObject> {
    return this.#ask('GET', '');
  }

  revoke(id: string): Promise<JsonObject> {
    return this.#ask('DELETE', `/${encodeURIComponent(id)}`);
  }

  prune(): Promise<JsonObject> {
    return this.#ask('POST', '/prune');
  }

  async close(): Promise<void> {}

  async #ask(method: string, path: string, body: JsonObject | null = null): Promise<JsonObject> {
    try {
      return await new ServerRequest(method, `/system/tokens${path}`, this.#server, body).json();
    } catch (error) {
      const isWrong = error instanceof ServerError && (error.code === 'NOT_FOUND' || error.code === 'INVALID_ARGUMENT');
      throw isWrong
        ? new CommandFailure(exitCodes.usage, `${error.message}.`, { cause: error })
        : failureOfRequest(error);
    }
  }
}

class DirectoryDesk implements TokenDesk {
  readonly #database: EmbeddedDatabase;
  readonly #tokens: TokenRegistry;

  private constructor(database: EmbeddedDatabase, tokens: TokenRegistry) {
    this.#database = database;
    this.#tokens = tokens;
  }

  static async open(database: EmbeddedDatabase): Promise<DirectoryDesk> {
    const options = { store: database, now: Date.now, randomBytes, onUnreadable: () => undefined };
    return new DirectoryDesk(database, await TokenRegistry.open(options, anonymous));
  }

  create(token: JsonObject): Promise<JsonObject> {
    return told(async () => {
      const { text, record } = await this.#tokens.create(operator, parseNewToken(token));
      return { token: text, ...tokenText(record) };
    });
  }

  list(): Promise<JsonObject> {
    return told(async () => tokenList(this.#tokens.list(operator)));
  }

  revoke(id: string): Promise<JsonObject> {
    return told(async () => tokenText(await this.#tokens.revoke(operator, id)));
  }

  prune(): Promise<JsonObject> {
    return told(async () => tokenList(await this.#tokens.prune(operator)));
  }

  close(): Promise<void> {
    return this.#database.close();
  }
}

const operator = Object.freeze({ ...anonymous, name: 'operator' });

async function told(act: () => Promise<JsonObject>): Promise<JsonObject> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    const disk = error.code === 'STORAGE_FULL' || error.code === 'OUTCOME_UNKNOWN';
    throw new CommandFailure(disk ? exitCodes.diskFailed : exitCodes.usage, `${error.message}.`, { cause: error });
  }
}
