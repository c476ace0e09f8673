import type { JsonValue } from '../document/json.ts';
import type { Principal } from './principal.ts';

export interface StoredSetting {
  readonly name: string;
  /** Of one that is put, null: it is not there any more. */
  readonly value: JsonValue;
}

/**
 * What a server keeps beside its documents, by name: access tokens. It is as durable as documents are, and is in snapshots and backups like them, but no
 * query reaches it.
 */
export interface SettingStore {
  /** Those whose names begin with this, in no order. */
  settings(principal: Principal, prefix: string): Promise<readonly StoredSetting[]>;

  /**
   * Makes, replaces or removes the settings, all as one commit. Resolves once it is durable.
   * @throws {DatabaseError} `STORAGE_FULL`, `OVERLOADED`, `OUTCOME_UNKNOWN` as `Database.commit`.
   */
  putSettings(principal: Principal, settings: readonly StoredSetting[]): Promise<void>;
}
