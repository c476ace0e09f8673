import type { Database } from '../database/database.ts';
import type { Commit, CreateOperation, Idempotency } from '../database/operation.ts';
import type { Principal } from '../database/principal.ts';
import type { Document } from '../document/document.ts';
import type { JsonObject } from '../document/json.ts';
import { type JsonLimits, parseJson } from '../document/json-parser.ts';
import { stringifyJson } from '../document/json-serializer.ts';
import { formatTime } from '../document/timestamp.ts';
import { DatabaseError, LimitExceededError } from '../errors.ts';
import type { CombineRequest } from './combine-request.ts';
import { type MergeStrategy, mergeBodies } from './merge-bodies.ts';
import { RestRefusal } from './rest-status.ts';

/** How often a combination is tried when its sources change under it, before the conflict is the client's. */
const attemptsMax = 5;

export interface CombineContext {
  readonly database: Database;
  readonly principal: Principal;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly bodyBytesMax: number;
  readonly jsonLimits: JsonLimits;
}

/**
 * Creates one document out of several, and resolves to the commit of it once that is durable. It is atomic: the sources are read at one
 * sequence, and the commit asserts that none of them has changed since.
 * @param key of idempotency: with the same one the same combination is answered as it was, whatever has become of the sources.
 * @throws {RestRefusal} 400 for a source that does not exist or is archived.
 * @throws {DatabaseError} `LIMIT_EXCEEDED` when the result is larger or deeper than a body that is sent may be, and
 *   `VERSION_CONFLICT` when the sources keep changing.
 */
export async function combineDocuments(
  context: CombineContext,
  request: CombineRequest,
  key: string | undefined,
): Promise<Commit> {
  const idempotency = key === undefined ? undefined : { key, request: requestOf(request) };
  const earlier = idempotency === undefined ? null : await context.database.replay(context.principal, idempotency);
  if (earlier !== null) return earlier;
  for (let attempt = 1; ; attempt += 1) {
    const sources = await readSources(context, request.documentIds);
    const body = combinedBody(context, request.strategy, sources);
    try {
      return await create(context, { kind: 'create', name: request.name, body }, sources, idempotency);
    } catch (error) {
      if (attempt === attemptsMax || !isChangedSource(error)) throw error;
    }
  }
}

async function readSources({ database, principal }: CombineContext, ids: readonly string[]): Promise<Document[]> {
  const view = await database.view(principal);
  try {
    const sources: Document[] = [];
    for (const id of ids) {
      const source = await view.getDocument(id, 'INCLUDE');
      if (source === null) throw new RestRefusal(400, 'NOT_FOUND', `Document ${id} not found`, { id });
      if (source.archivedAt !== null) throw new RestRefusal(400, 'NOT_FOUND', `Document ${id} is archived`, { id });
      sources.push(source);
    }
    return sources;
  } finally {
    view.close();
  }
}

function combinedBody(context: CombineContext, strategy: MergeStrategy, sources: readonly Document[]): JsonObject {
  const body = mergeBodies(strategy, sources, {
    source_documents: sources.map(({ id, name, version }) => ({ id, name, version })),
    merge_strategy: strategy,
    combined_at: formatTime(context.now()),
  });
  checkSize(body, context.bodyBytesMax);
  // Parsed again for its limits alone: a hundred bodies nest deeper together than each did.
  parseJson(stringifyJson(body), context.jsonLimits);
  return body;
}

/** Adds up piece by piece, since the whole may be longer than a string can be. */
function checkSize(body: JsonObject, limit: number): void {
  let bytes = 0;
  for (const value of Object.values(body)) {
    for (const part of Array.isArray(value) ? value : [value]) {
      bytes += Buffer.byteLength(stringifyJson(part));
      if (bytes > limit) {
        throw new LimitExceededError(`The combined body would have more than ${limit} bytes`, { limit });
      }
    }
  }
}

/** The operations hold what the sources were, and the time, so they are another request each time. */
function requestOf({ name, documentIds, strategy }: CombineRequest): JsonObject {
  return { kind: 'combine', name, documentIds, strategy };
}

function create(
  { database, principal }: CombineContext,
  operation: CreateOperation,
  sources: readonly Document[],
  idempotency: Idempotency | undefined,
): Promise<Commit> {
  const versions = new Map(sources.map(({ id, version }) => [id, version]));
  const unchanged = Array.from(versions, ([id, version]) => ({ kind: 'assert', id, version }) as const);
  return database.commit(principal, [...unchanged, operation], { idempotency });
}

/** An archived source is found when the sources are read again, and told then. */
function isChangedSource(error: unknown): boolean {
  return error instanceof DatabaseError && (error.code === 'VERSION_CONFLICT' || error.code === 'NOT_FOUND');
}
