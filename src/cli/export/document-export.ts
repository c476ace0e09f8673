import { Buffer } from 'node:buffer';
import { JsonSource } from '../import/json-source.ts';
import type { SourceItem } from '../import/source-item.ts';
import { refusalError, type ServerConnection } from '../server-connection.ts';
import { ServerError } from '../server-request.ts';

export interface ExportQuery {
  /** Null: all tables. */
  readonly table: string | null;
  readonly archived: boolean;
  /** A filter as `POST /document/find` takes it, JSON. */
  readonly filter: string;
}

/**
 * The documents, in the order of their creation, as of one commit: the server streams them out of one view. Nothing more is taken from
 * the connection than is asked for.
 * @throws {ServerError} when the server refuses, or ends before the list does.
 */
export async function* exportedDocuments(
  connection: ServerConnection,
  { table, archived, filter }: ExportQuery,
): AsyncGenerator<readonly SourceItem[]> {
  if (table !== null) await checkTable(connection, table);
  const parameters = new URLSearchParams({
    include_archived: String(archived),
    ...(table === null ? {} : { table_name: table }),
  });
  const response = await connection.open('POST', `/document/find?${parameters}`, Buffer.from(filter));
  if (response.statusCode !== 200) throw await connection.refusalOf(response);
  const source = new JsonSource();
  try {
    for await (const chunk of response) {
      const items = source.push(chunk);
      if (items.length > 0) yield items;
    }
    source.end();
  } catch (error) {
    if (error instanceof ServerError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    // The server can tell no more once the list has begun.
    const cause = new Error(`${reason}; it lets a list be read for as long as its --view-ms-max says`, {
      cause: error,
    });
    throw connection.brokeOff(cause);
  }
}

/** A find in a table that is not there finds nothing, which would look like an empty one. */
async function checkTable(connection: ServerConnection, table: string): Promise<void> {
  const answer = await connection.get(`/table/${encodeURIComponent(table)}`);
  if (answer.status === 200) return;
  throw refusalError(answer);
}
