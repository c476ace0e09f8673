import type { Hash } from 'node:crypto';
import { type ItemSource, SourceError, type SourceItem } from './source-item.ts';

export interface ReadItem extends SourceItem {
  /** Its place among all items of the input, from 0. */
  readonly ordinal: number;
}

export interface ReadOptions {
  /** Takes the bytes as they are read. */
  readonly hash?: Hash;
  readonly onBytes?: (bytes: number) => void;
}

/** The items of an input, as many at once as its pieces hold. @throws {SourceError} and what the input throws. */
export async function* readItems(
  chunks: AsyncIterable<Buffer>,
  source: ItemSource,
  { hash, onBytes }: ReadOptions = {},
): AsyncGenerator<readonly ReadItem[]> {
  let ordinal = 0;
  const numbered = (items: readonly SourceItem[]): ReadItem[] => items.map((item) => ({ ...item, ordinal: ordinal++ }));
  try {
    for await (const chunk of chunks) {
      hash?.update(chunk);
      const items = await source.push(chunk);
      onBytes?.(chunk.length);
      if (items.length > 0) yield numbered(items);
    }
    const last = await source.end();
    if (last.length > 0) yield numbered(last);
  } catch (error) {
    if (error instanceof SourceError && error.items.length > 0) yield numbered(error.items);
    throw error;
  }
}
