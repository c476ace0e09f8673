import type { Buffer } from 'node:buffer';
import type { JsonObject } from '../../document/json.ts';

/** One thing of the input that is to become a document. */
export interface SourceItem {
  /** The line on which it begins; the first is 1. */
  readonly line: number;
  /** As it stands in the input. */
  readonly text: Buffer;
  /** What it says, where that is not JSON text; null when `text` is to be parsed. */
  readonly value: JsonObject | null;
  /** Why it cannot be taken, where the source itself knows. */
  readonly problem: string | null;
}

/** Turns the bytes of an input, piece by piece, into items, in order. Memory is bounded by the largest item that is admitted. */
export interface ItemSource {
  /** What a file of some of the items has to begin with, such as the header of a CSV; null when there is no such thing, or not yet. */
  readonly headerText: Buffer | null;
  /** Whether items can be told apart whatever the bytes are, so that nothing is ever thrown. */
  readonly takesAnything: boolean;
  /** @throws {SourceError} when what follows cannot be told apart any more. */
  push(chunk: Buffer): readonly SourceItem[] | Promise<readonly SourceItem[]>;
  /** To be called once, behind the last piece. @throws {SourceError} when something is missing. */
  end(): readonly SourceItem[] | Promise<readonly SourceItem[]>;
}

/** The input has not the form that was said, so that nothing behind this line can be read. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
  readonly line: number;
  /** Those of the same piece that stand before it. */
  items: readonly SourceItem[] = [];

  constructor(line: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.line = line;
  }

  /** The same error, which comes behind these items. */
  behind(items: readonly SourceItem[]): this {
    this.items = items;
    return this;
  }
}

/** The longest item: what the server admits as one request, unless it was told otherwise. */
export const itemBytesMax = 16 * 1024 * 1024;

/** An item is told to be too long by its beginning alone: the rest is not kept. */
export const tooLong = `longer than ${itemBytesMax / 1024 / 1024} MiB, the most that one item may have`;
