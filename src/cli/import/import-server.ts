import { Buffer } from 'node:buffer';
import { setTimeout as delay } from 'node:timers/promises';
import { isJsonObject, type JsonObject } from '../../document/json.ts';
import { objectOf, refusalError, refusalText, type ServerAnswer, type ServerConnection } from '../server-connection.ts';

/** A document that the server has. */
export interface ExistingDocument {
  readonly version: number;
  readonly bodyHash: string;
  readonly archived: boolean;
}

/** Nothing was written, and this is why. */
export interface Refused {
  readonly code: string;
  readonly reason: string;
  readonly path: string | null;
  /** The index of the operation that it is about; null when it is about the request. */
  readonly operation: number | null;
}

/** How often a server that has too much to do is asked again, at its own pace. */
const attemptsMax = 60;

/** After these the rest would fare no better. */
const fatalCodes = new Set([
  'STORAGE_FULL',
  'MEMORY_FULL',
  'OUTCOME_UNKNOWN',
  'FORBIDDEN',
  'TABLE_READ_ONLY',
  'INTERNAL',
]);

/** What an import asks of the server. */
export class ImportServer {
  readonly #connection: ServerConnection;

  constructor(connection: ServerConnection) {
    this.#connection = connection;
  }

  /** @throws {ServerError} when it cannot be reached. */
  async greet(): Promise<void> {
    const answer = await this.#connection.get('/ping');
    if (answer.status !== 200) throw refusalError(answer);
  }

  /**
   * Commits operations, all or none.
   * @param transaction as `transactionOf` makes it.
   * @returns null when it is done. @throws {ServerError} when the server cannot go on, or not be asked.
   */
  async commit(transaction: Buffer): Promise<Refused | null> {
    const answer = await this.#patiently('/document/transaction', transaction, false);
    if (answer.status === 200) return null;
    const { code, path, operation } = objectOf(answer.json);
    const reason = refusalText(answer);
    if (typeof code !== 'string' || fatalCodes.has(code)) throw refusalError(answer);
    return {
      code,
      reason,
      path: typeof path === 'string' ? path.replace(/^operations\.\d+\./, '') : null,
      operation: typeof operation === 'number' ? operation : null,
    };
  }

  /** Those of the documents that are there, archived or not, by id. @throws {ServerError} */
  async find(ids: readonly string[]): Promise<ReadonlyMap<string, ExistingDocument>> {
    const filter = Buffer.from(JSON.stringify({ $id: { $in: ids } }));
    const answer = await this.#patiently('/document/find?include_archived=true', filter, true);
    if (answer.status !== 200 || !Array.isArray(answer.json)) throw refusalError(answer);
    const found = new Map<string, ExistingDocument>();
    for (const document of answer.json.filter(isJsonObject)) found.set(String(document._id), existingOf(document));
    return found;
  }

  async #patiently(path: string, body: Buffer, wantsAnswer: boolean): Promise<ServerAnswer> {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.#connection.post(path, body, wantsAnswer);
      if ((answer.status !== 503 && answer.status !== 429) || attempt === attemptsMax) return answer;
      await delay(answer.retryAfterSeconds * 1000);
    }
  }
}

function existingOf({ version, body_hash: bodyHash, archived_at: archivedAt }: JsonObject): ExistingDocument {
  return { version: Number(version), bodyHash: String(bodyHash), archived: archivedAt !== null };
}
