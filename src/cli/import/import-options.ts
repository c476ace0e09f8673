import { choice, optionalText, type SettingType, text, UsageError } from '../../setting.ts';
import { type GivenArguments, jsonOption, type Option } from '../command.ts';
import { serverOptions } from '../server-target.ts';
import { itemFormats } from './item-format.ts';

const file: SettingType<string> = text('FILE');

/** Those of `yaradb import`. */
export const importOptions = {
  ...serverOptions,
  dataDirectory: {
    ...serverOptions.dataDirectory,
    help: 'With --legacy: the data directory to make, which may be DIR itself; when absent, the one that `yaradb serve` would use. Else that of a server on this machine, which is reached by what it keeps there.',
  },
  format: {
    flag: 'format',
    type: choice(...itemFormats),
    help: 'What FILE holds: ndjson, one JSON object a line; json, a list of objects; csv, with a header. When absent, its name tells.',
  },
  table: {
    flag: 'table',
    type: text('NAME'),
    help: 'The table to import into, made when it is not there. When absent, the default one; with --documents, that of each document.',
  },
  name: {
    flag: 'name',
    type: text('NAME'),
    help: "The documents' name. When absent, that of the table; with --documents, that of each document.",
  },
  idField: {
    flag: 'id-field',
    type: text('FIELD'),
    help: "The member (in CSV: the column) that is the document's id, a UUID. It is then no part of the body.",
  },
  nameField: {
    flag: 'name-field',
    type: text('FIELD'),
    help: "The member that is the document's name. It is then no part of the body.",
  },
  documents: {
    flag: 'documents',
    type: null,
    help: 'Items are whole documents, as `yaradb export --documents` and the REST API write them: id, name, table, body, and whether they are archived. Versions and times begin anew.',
  },
  mode: {
    flag: 'mode',
    type: choice('insert', 'upsert'),
    help: 'When there is a document with the id of an item: insert (the default) leaves it, and refuses the item if its body is another; upsert replaces the body.',
  },
  types: {
    flag: 'types',
    type: choice('strings', 'json'),
    help: 'Of CSV: strings (the default), every cell is one; json, a cell that is a number, true, false, null, a list or an object in JSON is that, any other a string.',
  },
  nested: {
    flag: 'nested',
    type: null,
    help: 'Of CSV: dots in the header make objects: the column address.city is {"address": {"city": …}}. A backslash before a dot keeps it.',
  },
  ignoreBlanks: {
    flag: 'ignore-blanks',
    type: null,
    help: 'Of CSV: an empty cell makes no member, instead of an empty string.',
  },
  errors: {
    flag: 'errors',
    type: file,
    help: 'Write the items that are refused to this file, as they stand, to be mended and imported from there. It is made anew.',
  },
  key: {
    flag: 'key',
    type: text('TEXT'),
    help: 'What the ids of documents follow from, instead of the content of FILE: the same key goes on with an import of standard input, another one imports a FILE once more.',
  },
  legacy: {
    flag: 'legacy',
    type: optionalText('DIR'),
    help: 'Import the data directory DIR of the Python YaraDB (yaradb_storage.json, yaradb_wal) instead of a FILE. No server may run on --data-dir.',
  },
  acceptHashMismatch: {
    flag: 'accept-hash-mismatch',
    type: null,
    help: 'With --legacy: take documents whose body does not fit the hash that was kept with it, too. Each is told.',
  },
  json: jsonOption,
} as const satisfies Record<string, Option>;

const ofLegacy = [
  importOptions.legacy,
  importOptions.dataDirectory,
  importOptions.acceptHashMismatch,
  importOptions.json,
];

/** @throws {UsageError} for flags that mean nothing beside each other. */
export function checkCombination(given: GivenArguments, isLegacy: boolean): void {
  const { legacy, acceptHashMismatch, documents, idField, nameField } = importOptions;
  const refused = isLegacy
    ? Object.values(importOptions).filter((option) => !ofLegacy.some(({ flag }) => flag === option.flag))
    : [legacy, acceptHashMismatch];
  const wrong = refused.find((option) => isGiven(given, option));
  if (wrong !== undefined) {
    throw new UsageError(
      `--${wrong.flag} ${isLegacy ? 'means nothing beside --legacy' : 'means nothing without --legacy DIR'}`,
    );
  }
  const member = [idField, nameField].find((option) => isGiven(given, option));
  if (given.has(documents) && member !== undefined) {
    throw new UsageError(`--${member.flag} means nothing beside --documents, which tells the member itself`);
  }
}

function isGiven(given: GivenArguments, option: Option): boolean {
  return given.has(option) || given.flags.has(option.flag);
}
