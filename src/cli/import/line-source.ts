import type { Buffer } from 'node:buffer';
import { ItemBytes } from './item-bytes.ts';
import type { ItemSource, SourceItem } from './source-item.ts';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** NDJSON: one JSON text a line. Lines of nothing but white space are passed over. */
export class LineSource implements ItemSource {
  readonly headerText = null;
  readonly takesAnything = true;
  readonly #bytes = new ItemBytes();
  #line = 1;

  push(chunk: Buffer): readonly SourceItem[] {
    const items: SourceItem[] = [];
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(lineFeed, start);
      if (end === -1) break;
      this.#bytes.add(chunk.subarray(start, end));
      this.#take(items);
      this.#line += 1;
      start = end + 1;
    }
    this.#bytes.add(chunk.subarray(start));
    return items;
  }

  end(): readonly SourceItem[] {
    const items: SourceItem[] = [];
    this.#take(items);
    return items;
  }

  #take(items: SourceItem[]): void {
    const item = this.#bytes.take(this.#line);
    const text = item.text.at(-1) === carriageReturn ? item.text.subarray(0, -1) : item.text;
    if (!isBlank(text)) items.push({ ...item, text });
  }
}

function isBlank(text: Buffer): boolean {
  // Most lines begin with a brace.
  return text.every((byte) => byte === 0x20 || byte === 0x09 || byte === carriageReturn);
}
