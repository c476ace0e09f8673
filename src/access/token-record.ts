import { formatRights, parseRights, type Rights } from '../database/rights.ts';
import type { StoredSetting } from '../database/setting-store.ts';
import { isJsonObject, type JsonValue } from '../document/json.ts';
import { formatTime } from '../document/timestamp.ts';

/** The names of settings that are tokens begin with this; behind it is the token's id. FORMAT.md, "Settings". */
export const tokenSettingPrefix = 'accessToken/';

/** The setting that is there once a token was forgotten: requests have to show one from the first on, whatever became of it. */
export const tokensUsedSetting: StoredSetting = { name: 'accessTokens', value: { used: true } };

/** What is kept of a token. Times are milliseconds since the Unix epoch. */
export interface TokenRecord {
  readonly id: string;
  /** Who it stands for, as the log names whoever used it. */
  readonly name: string;
  readonly rights: Rights;
  /** The SHA-256 of the token, hex. */
  readonly digest: string;
  readonly createdAt: number;
  /** From then on it is refused; null: never. */
  readonly expiresAt: number | null;
  /** Null: it was not. */
  readonly revokedAt: number | null;
}

export function settingOf({ id, name, rights, digest, createdAt, expiresAt, revokedAt }: TokenRecord): StoredSetting {
  return {
    name: tokenSettingPrefix + id,
    value: {
      name,
      roles: formatRights(rights),
      digest,
      createdAt: formatTime(createdAt),
      expiresAt: expiresAt === null ? null : formatTime(expiresAt),
      revokedAt: revokedAt === null ? null : formatTime(revokedAt),
    },
  };
}

/** Null when it is not what this version writes: a token that cannot be understood is none. */
export function tokenRecordOf({ name: settingName, value }: StoredSetting): TokenRecord | null {
  if (!isJsonObject(value)) return null;
  const { name, roles, digest } = value;
  const rights = Array.isArray(roles) && roles.every((role) => typeof role === 'string') ? parseRights(roles) : null;
  const createdAt = timeOf(value.createdAt);
  const expiresAt = nullableTimeOf(value.expiresAt);
  const revokedAt = nullableTimeOf(value.revokedAt);
  if (typeof name !== 'string' || typeof digest !== 'string' || !/^[\da-f]{64}$/.test(digest)) return null;
  if (rights === null || createdAt === undefined || expiresAt === undefined || revokedAt === undefined) return null;
  return {
    id: settingName.slice(tokenSettingPrefix.length),
    name,
    rights,
    digest,
    createdAt,
    expiresAt,
    revokedAt,
  };
}

function nullableTimeOf(value: JsonValue | undefined): number | null | undefined {
  return value === null ? null : timeOf(value);
}

function timeOf(value: JsonValue | undefined): number | undefined {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}
