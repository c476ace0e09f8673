import { Buffer } from 'node:buffer';
import { promisify } from 'node:util';
import { CsvError, type InfoRecord, parse } from 'csv-parse';
import type { JsonObject } from '../../document/json.ts';
import { countText } from '../size-text.ts';
import { CsvHeader, type CsvOptions } from './csv-header.ts';
import { type ItemSource, itemBytesMax, SourceError, type SourceItem } from './source-item.ts';

/** A record as the parser gives it. */
interface CsvRecord {
  readonly record: readonly string[];
  readonly raw: string;
  readonly info: InfoRecord;
}

/**
 * CSV as in RFC 4180: a header, then one document a record, UTF-8. A quotation mark in the wrong place ends it, since what follows cannot
 * be told apart.
 */
export class CsvSource implements ItemSource {
  readonly takesAnything = false;
  readonly #options: CsvOptions;
  readonly #parser = parse({
    info: true,
    raw: true,
    bom: true,
    skip_empty_lines: true,
    // Of one record, so that it alone is refused.
    relax_column_count: true,
    record_delimiter: ['\r\n', '\n'],
    max_record_size: itemBytesMax,
  });
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  #header: CsvHeader | null = null;
  #headerText: Buffer | null = null;
  /** Lines of the records so far, the header too; those without anything are not among them. */
  #recordLines = 0;

  constructor(options: CsvOptions) {
    this.#options = options;
    // What fails is told to whoever writes.
    this.#parser.on('error', () => undefined);
  }

  get headerText(): Buffer | null {
    return this.#headerText;
  }

  async push(chunk: Buffer): Promise<readonly SourceItem[]> {
    const text = this.#decode(chunk);
    if (text === '') return [];
    return this.#run((done) => this.#parser.write(text, done));
  }

  async end(): Promise<readonly SourceItem[]> {
    this.#decode(null);
    return this.#run((done) => this.#parser.end(done));
  }

  #decode(chunk: Buffer | null): string {
    try {
      return chunk === null ? this.#decoder.decode() : this.#decoder.decode(chunk, { stream: true });
    } catch (error) {
      throw new SourceError(
        this.#nextLine,
        'from here on, somewhere, there are bytes that are not UTF-8. ' +
          'If it was made by Excel, save it as "CSV UTF-8", or convert it: iconv -f WINDOWS-1252 -t UTF-8',
        { cause: error },
      );
    }
  }

  async #run(start: (done: (error?: Error | null) => void) => void): Promise<readonly SourceItem[]> {
    const items: SourceItem[] = [];
    try {
      const done = promisify(start)();
      // Should reading throw first, that is what is told.
      done.catch(() => undefined);
      // It is done only when there is room again for what comes out.
      this.#takeAll(items);
      await done;
    } catch (error) {
      if (!(error instanceof CsvError)) throw error;
      throw new SourceError(this.#nextLine, error.message, { cause: error }).behind(items);
    }
    this.#takeAll(items);
    return items;
  }

  /** Where the record begins that comes next. */
  get #nextLine(): number {
    return this.#recordLines + this.#parser.info.empty_lines + 1;
  }

  #takeAll(items: SourceItem[]): void {
    for (;;) {
      const record: CsvRecord | null = this.#parser.read();
      if (record === null) return;
      const item = this.#itemOf(record);
      if (item !== null) items.push(item);
    }
  }

  #itemOf({ record, raw, info }: CsvRecord): SourceItem | null {
    const trimmed = raw.replace(/[\r\n]+$/, '');
    const text = Buffer.from(trimmed);
    // The parser's own count takes a CR LF in quotation marks for two line ends.
    const line = this.#recordLines + info.empty_lines + 1;
    this.#recordLines += (trimmed.match(/\n/g)?.length ?? 0) + 1;
    if (this.#header === null) {
      this.#headerText = text;
      this.#header = new CsvHeader(record, this.#options, line);
      return null;
    }
    const columns = this.#header.length;
    if (record.length !== columns) {
      return {
        line,
        text,
        value: null,
        problem: `${countText(record.length, 'cell')} where the header has ${columns}`,
      };
    }
    const value: JsonObject = this.#header.bodyOf(record);
    return { line, text, value, problem: null };
  }
}
