import type { Operation } from '../../../src/database/operation.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src/document/json.ts';
import type { Archived } from '../../../src/query/find-query.ts';

/** What a client of the simulation asks for: a commit of documents, or a change of tables and indexes. */
export type Request = CommitRequest | CatalogRequest;

export interface CommitRequest {
  readonly kind: 'commit';
  readonly operations: readonly Operation[];
  /** Of idempotency; null for none. */
  readonly key: string | null;
}

export type CatalogRequest =
  | {
      readonly kind: 'createTable';
      readonly table: string;
      readonly settings: SimulatedSettings;
      readonly uniquePath: string | null;
    }
  | { readonly kind: 'updateTable'; readonly table: string; readonly settings: SimulatedSettings }
  | { readonly kind: 'dropTable'; readonly table: string }
  | { readonly kind: 'createIndex'; readonly table: string; readonly index: SimulatedIndex }
  | { readonly kind: 'dropIndex'; readonly table: string; readonly path: string };

export interface SimulatedSettings {
  /** What the schema asks for; null for no schema. */
  readonly slotMax: number | null;
  readonly readOnly: boolean;
}

export interface SimulatedIndex {
  readonly path: string;
  readonly kind: 'HASH' | 'ORDERED';
  readonly unique: boolean;
  readonly archived: Archived;
}

/** The one thing that schemas of the simulation ask for: a `slot` that is no higher. */
export function schemaOf(slotMax: number): JsonObject {
  return { type: 'object', properties: { slot: { type: 'number', maximum: slotMax } } };
}

/** @returns NaN for any other schema. */
export function slotMaxOf(schema: JsonValue): number {
  const slot = member(member(schema, 'properties'), 'slot');
  return Number(member(slot, 'maximum'));
}

function member(value: JsonValue | undefined, key: string): JsonValue | undefined {
  return isJsonObject(value) ? value[key] : undefined;
}

/** Documents that the request may take away. */
export function erasedIds(request: Request): readonly string[] {
  if (request.kind !== 'commit') return [];
  return request.operations.filter(({ kind }) => kind === 'erase').flatMap(({ id }) => id ?? []);
}
