import { Buffer } from 'node:buffer';
import { isJsonObject } from '../../document/json.ts';
import { parseJson } from '../../document/json-parser.ts';
import { JsonSource } from '../import/json-source.ts';
import { SourceError, type SourceItem } from '../import/source-item.ts';

/** The lists of the storage file. In the second version there is one alone, without a name. */
export type StorageList = 'tables' | 'documents';

export interface StorageItem extends SourceItem {
  readonly list: StorageList;
}

/** More than this between two lists is no storage file. */
const frameLengthMax = 64 * 1024;
const openingOfList = /"(tables|documents)"\s*:\s*\[$/;

/**
 * The storage file of the Python server, piece by piece, in constant memory: a list of documents (second version), or
 * `{"tables": [...], "documents": [...]}` (third).
 */
export class StorageSource {
  /** What stands around the lists, which are empty in it. */
  #frame = '';
  #list: StorageList = 'documents';
  #source: JsonSource | null = null;

  /** @throws {SourceError} */
  push(chunk: Buffer): readonly StorageItem[] {
    const items: StorageItem[] = [];
    let at = 0;
    while (at < chunk.length) {
      at = this.#source === null ? this.#readFrame(chunk, at) : this.#readList(this.#source, chunk, at, items);
    }
    return items;
  }

  /** @throws {SourceError} when it is cut off. */
  end(): void {
    this.#source?.end();
    try {
      const frame = parseJson(this.#frame);
      if (Array.isArray(frame) || isJsonObject(frame)) return;
    } catch (error) {
      throw new SourceError(1, 'it is cut off, or no storage file of the Python YaraDB', { cause: error });
    }
    throw new SourceError(1, 'it is no storage file of the Python YaraDB');
  }

  #readFrame(chunk: Buffer, from: number): number {
    const opening = chunk.indexOf('[', from);
    const end = opening === -1 ? chunk.length : opening + 1;
    this.#frame += chunk.toString('utf8', from, end);
    if (this.#frame.length > frameLengthMax) throw new SourceError(1, 'it is no storage file of the Python YaraDB');
    if (opening === -1) return end;
    const [, name] = openingOfList.exec(this.#frame) ?? [];
    if (name === undefined && this.#frame.trim() !== '[') {
      throw new SourceError(1, `it holds a list that is neither 'tables' nor 'documents'`);
    }
    this.#list = name === 'tables' ? 'tables' : 'documents';
    this.#source = new JsonSource();
    this.#source.push(Buffer.from('['));
    return end;
  }

  #readList(source: JsonSource, chunk: Buffer, from: number, items: StorageItem[]): number {
    const found: SourceItem[] = [];
    const end = source.pushFrom(chunk, from, found, true);
    for (const item of found) items.push({ ...item, list: this.#list });
    if (source.isDone) {
      this.#frame += ']';
      this.#source = null;
    }
    return end;
  }
}
