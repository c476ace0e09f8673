import { extname } from 'node:path';
import { UsageError } from '../../setting.ts';
import type { CsvOptions } from './csv-header.ts';
import { CsvSource } from './csv-source.ts';
import { JsonSource } from './json-source.ts';
import { LineSource } from './line-source.ts';
import type { ItemSource } from './source-item.ts';

export const itemFormats = ['ndjson', 'json', 'csv'] as const;
export type ItemFormat = (typeof itemFormats)[number];

const formatsOfExtensions: Readonly<Record<string, ItemFormat>> = {
  '.ndjson': 'ndjson',
  '.jsonl': 'ndjson',
  '.json': 'json',
  '.csv': 'csv',
};

/** The format of a file by its name. @throws {UsageError} when that does not tell. */
export function formatOf(path: string): ItemFormat {
  const format = formatsOfExtensions[extname(path).toLowerCase()];
  if (format !== undefined) return format;
  const name = path === '-' ? 'a stream' : `'${path}'`;
  throw new UsageError(`the name of ${name} does not tell its format: give --format ${itemFormats.join('|')}`);
}

export function createSource(format: ItemFormat, csv: CsvOptions): ItemSource {
  switch (format) {
    case 'ndjson':
      return new LineSource();
    case 'json':
      return new JsonSource();
    case 'csv':
      return new CsvSource(csv);
  }
}
