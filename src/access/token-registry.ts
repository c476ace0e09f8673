import { hash, timingSafeEqual } from 'node:crypto';
import type { Principal } from '../database/principal.ts';
import type { Rights } from '../database/rights.ts';
import type { SettingStore, StoredSetting } from '../database/setting-store.ts';
import { DatabaseError, InvalidArgumentError, LimitExceededError } from '../errors.ts';
import { accessTokenId, createAccessToken, type RandomBytes } from './access-token.ts';
import { requireEverywhere } from './requirements.ts';
import { settingOf, type TokenRecord, tokenRecordOf, tokenSettingPrefix, tokensUsedSetting } from './token-record.ts';

/** Revoked and expired ones included, since those are told, too. */
const tokensMax = 10_000;
const nameBytesMax = 200;

export interface TokenRegistryOptions {
  readonly store: SettingStore;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly randomBytes: RandomBytes;
  /** Told of a token in the store that cannot be understood. */
  readonly onUnreadable: (id: string) => void;
}

export interface NewToken {
  readonly name?: string | undefined;
  readonly rights: Rights;
  readonly expiresAt: number | null;
}

/** A token that was just made: nobody can tell its text again. */
export interface IssuedToken {
  readonly text: string;
  readonly record: TokenRecord;
}

/** Why a token is refused. */
export type TokenRefusal = 'malformed' | 'unknown' | 'revoked' | 'expired';

/** The tokens that this server has given out. They are read from the store once; from then on whatever is written goes through here. */
export class TokenRegistry {
  readonly #options: TokenRegistryOptions;
  readonly #records = new Map<string, TokenRecord>();
  readonly #listeners = new Set<() => void>();
  #isForgetful = false;

  private constructor(options: TokenRegistryOptions) {
    this.#options = options;
  }

  /** @param principal the server itself. */
  static async open(options: TokenRegistryOptions, principal: Principal): Promise<TokenRegistry> {
    const registry = new TokenRegistry(options);
    for (const setting of await options.store.settings(principal, tokenSettingPrefix)) {
      const record = tokenRecordOf(setting);
      if (record === null) options.onUnreadable(setting.name.slice(tokenSettingPrefix.length));
      else registry.#records.set(record.id, record);
    }
    const [used] = await options.store.settings(principal, tokensUsedSetting.name);
    registry.#isForgetful = used !== undefined;
    return registry;
  }

  /** Whether a token was ever made, whatever has become of it. */
  get isUsed(): boolean {
    return this.#isForgetful || this.#records.size > 0;
  }

  /** Whether there is a token that lets somebody in. */
  get hasValid(): boolean {
    return [...this.#records.values()].some((record) => this.#refusalOf(record) === null);
  }

  /** Calls this whenever a token was made, revoked or forgotten. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /**
   * Resolves once the token is durable, and can be used from then on.
   * @throws {DatabaseError} `FORBIDDEN`, `INVALID_ARGUMENT`, `LIMIT_EXCEEDED`, and what a commit throws.
   */
  async create(principal: Principal, { name, rights, expiresAt }: NewToken): Promise<IssuedToken> {
    requireEverywhere(principal, 'admin');
    const { now, randomBytes } = this.#options;
    if (this.#records.size >= tokensMax) {
      throw new LimitExceededError(
        `There are ${tokensMax} tokens, revoked and expired ones included, which \`yaradb token prune\` forgets: no more can be made`,
        {
          limit: tokensMax,
        },
      );
    }
    if (expiresAt !== null && expiresAt <= now()) {
      throw new InvalidArgumentError('The token would have expired already', {
        path: 'expires_at',
        expected: 'a time that is still to come',
      });
    }
    const { id, text } = createAccessToken(randomBytes);
    const record: TokenRecord = {
      id,
      name: checkedName(name ?? `token-${id}`),
      rights,
      digest: digestOf(text),
      createdAt: now(),
      expiresAt,
      revokedAt: null,
    };
    await this.#put(principal, [settingOf(record)]);
    this.#records.set(record.id, record);
    this.#tell();
    return { text, record };
  }

  /** Oldest first. @throws {DatabaseError} `FORBIDDEN`. */
  list(principal: Principal): readonly TokenRecord[] {
    requireEverywhere(principal, 'admin');
    return [...this.#records.values()].sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
  }

  /** Resolves once that is durable; no request that comes from then on is let in by it. Of one that was revoked before, nothing is changed. */
  async revoke(principal: Principal, id: string): Promise<TokenRecord> {
    requireEverywhere(principal, 'admin');
    const record = this.#records.get(id);
    if (record === undefined) throw new DatabaseError('NOT_FOUND', `There is no token ${id}`, { id });
    if (record.revokedAt !== null) return record;
    const revoked = { ...record, revokedAt: this.#options.now() };
    await this.#put(principal, [settingOf(revoked)]);
    this.#records.set(id, revoked);
    this.#tell();
    return revoked;
  }

  /** Forgets those that open nothing any more, revoked or expired, as one commit. Resolves to them once that is durable. @throws {DatabaseError} `FORBIDDEN`. */
  async prune(principal: Principal): Promise<readonly TokenRecord[]> {
    const gone = this.list(principal).filter((record) => this.#refusalOf(record) !== null);
    if (gone.length === 0) return gone;
    const removed = gone.map((record) => ({ ...settingOf(record), value: null }));
    await this.#put(principal, [...removed, tokensUsedSetting]);
    this.#isForgetful = true;
    for (const { id } of gone) this.#records.delete(id);
    this.#tell();
    return gone;
  }

  /** What is kept of the token, or why it is refused. */
  verify(text: string): TokenRecord | TokenRefusal {
    const id = accessTokenId(text);
    if (id === null) return 'malformed';
    const record = this.#records.get(id);
    // As much work for one that is not known, so that the time tells no ids.
    const expected = record?.digest ?? noDigest;
    const isEqual = timingSafeEqual(Buffer.from(digestOf(text), 'hex'), Buffer.from(expected, 'hex'));
    if (record === undefined || !isEqual) return 'unknown';
    return this.#refusalOf(record) ?? record;
  }

  /** Whether the token of this id still stands. */
  isCurrent(id: string): boolean {
    const record = this.#records.get(id);
    return record !== undefined && this.#refusalOf(record) === null;
  }

  #refusalOf({ revokedAt, expiresAt }: TokenRecord): 'revoked' | 'expired' | null {
    if (revokedAt !== null) return 'revoked';
    return expiresAt !== null && expiresAt <= this.#options.now() ? 'expired' : null;
  }

  #put(principal: Principal, settings: readonly StoredSetting[]): Promise<void> {
    return this.#options.store.putSettings(principal, settings);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

const noDigest = '0'.repeat(64);

function digestOf(text: string): string {
  return hash('sha256', text, 'hex');
}

/** No colon, so that no token's name is that of a JWT's subject; and none of the server's own. */
function checkedName(name: string): string {
  const isFit = /^[\p{L}\p{N}_.@+-]+$/u.test(name) && Buffer.byteLength(name) <= nameBytesMax;
  if (isFit && name !== 'anonymous' && name !== 'operator') return name;
  throw new InvalidArgumentError(`'${name}' cannot be the name of a token`, {
    path: 'name',
    expected: `letters, digits and . _ @ + - (at most ${nameBytesMax} bytes), but not anonymous or operator`,
  });
}
