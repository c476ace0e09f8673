import { hash } from 'node:crypto';

/**
 * Ids of documents whose items bring none: UUIDs of version 8 (RFC 9562, section 5.8) that follow from the import, the table and the place of
 * the item. So the same import, begun once more, makes the same documents again and not others like them. Beside each other in
 * the order of the items, since documents of one commit are listed in the order of their ids.
 */
export class ImportedIds {
  /** 80 bits of a digest, around the bits that say which kind of UUID it is. */
  readonly #prefix: string;

  constructor(key: string, table: string | null) {
    const digest = hash('sha256', JSON.stringify([key, table]), 'hex');
    const parts = [digest.slice(0, 8), digest.slice(8, 12), `8${digest.slice(12, 15)}`, `8${digest.slice(15, 18)}`];
    this.#prefix = `${parts.join('-')}-${digest.slice(18, 20)}`;
  }

  /** @param ordinal below 2^40. */
  idOf(ordinal: number): string {
    return this.#prefix + ordinal.toString(16).padStart(10, '0');
  }
}
