import type { Command } from '../command.ts';
import { exitCodes } from '../exit-code.ts';
import { checkCombination, importOptions } from './import-options.ts';
import { runFileImport } from './run-file-import.ts';

/** `yaradb import FILE` and `yaradb import --legacy DIR`. */
export const importCommand: Command = {
  usage: 'FILE [--flag VALUE ...] | --legacy DIR [--data-dir DIRECTORY]',
  description: [
    'Imports the items of FILE into a running server, one document each: NDJSON, JSON or CSV, of any size, in constant memory. - is ' +
      'standard input.',
    'Integers of any length are kept exactly; what cannot be kept is refused. An item that is refused is told with its line and the reason, and costs no other item; --errors ' +
      'keeps them. A FILE that is not what its format says is refused before anything is written.',
    'Begun again with the same FILE, an import goes on where it was interrupted, and makes no document twice: the ids follow from the ' +
      'content of FILE, the table and the place of the item, unless an item brings its own (--id-field, --documents). So importing an unchanged FILE ' +
      'twice makes nothing new; --key with another text does.',
    'With --legacy, a data directory of the Python YaraDB, second or third version, becomes one of this server, with ids, versions, times and ' +
      'archived documents as they were, after every hash was checked. Its own files are only read.',
  ],
  examples: [
    'yaradb import people.ndjson --table people --errors refused.ndjson',
    'yaradb import people.csv --table people --types json --nested --id-field id',
    'zcat people.ndjson.gz | yaradb import - --format ndjson --table people --key people-monday',
    'yaradb import --legacy ./old_data --data-dir ./yaradb_data',
  ],
  options: importOptions,
  exitCodes: new Map([
    [exitCodes.clean, 'Everything is imported, or was there already.'],
    [exitCodes.usage, 'A flag, FILE or DIR cannot be used as given, or FILE is not what its format says.'],
    [exitCodes.locked, 'With --legacy: a server has the data directory open.'],
    [exitCodes.corruption, 'With --legacy: the old data is damaged; nothing was made.'],
    [exitCodes.diskFailed, 'A disk failed or is full. What was imported is there: run the command again to go on.'],
    [exitCodes.noServer, 'The server cannot be reached, refused, or broke off. Run the command again to go on.'],
    [exitCodes.refusedSome, 'Some items were refused; all others are imported.'],
    [exitCodes.bug, 'A bug; standard error says what happened.'],
  ]),
  async run(given) {
    const directory = given.value(importOptions.legacy);
    checkCombination(given, directory !== null);
    if (directory !== null) {
      given.take([]);
      // Only now, because it loads the engine, which an import into a server has no use for.
      const { runLegacyImport } = await import('../legacy/run-legacy-import.ts');
      return runLegacyImport(given, directory);
    }
    const { FILE: path } = given.take(['FILE']);
    return runFileImport(given, path);
  },
};
