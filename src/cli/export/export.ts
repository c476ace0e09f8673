import { type Path, parsePath } from '../../document/path.ts';
import { DatabaseError } from '../../errors.ts';
import { choice, list, type SettingType, text, UsageError } from '../../setting.ts';
import { type Command, type GivenArguments, jsonOption, type Option } from '../command.ts';
import { exitCodes } from '../exit-code.ts';
import { CommandFailure, failureOf, systemErrorOf } from '../failure.ts';
import { formatOf, itemFormats } from '../import/item-format.ts';
import { printLine } from '../output.ts';
import { Progress } from '../progress.ts';
import { ServerConnection } from '../server-connection.ts';
import { ServerError } from '../server-request.ts';
import { serverOptions, serverTargetOf } from '../server-target.ts';
import { countText, sizeText } from '../size-text.ts';
import { exportedDocuments } from './document-export.ts';
import { createWriter, type WriterOptions } from './document-writer.ts';
import { openOutput } from './output-file.ts';

const queryType: SettingType<string> = {
  ...text('FILTER'),
  expected: 'a filter in JSON, such as {"level": {"$gte": 5}}',
};

const options = {
  ...serverOptions,
  format: {
    flag: 'format',
    type: choice(...itemFormats),
    help: 'ndjson, one JSON object a line; json, a list of objects; csv, with a header. When absent, the name of FILE tells.',
  },
  table: { flag: 'table', type: text('NAME'), help: 'Export this table. When absent, all of them.' },
  query: {
    flag: 'query',
    type: queryType,
    help: 'Export what fits this filter alone: the same as in POST /document/find, as {"level": {"$gte": 5}}.',
  },
  archived: { flag: 'archived', type: null, help: 'Export archived documents, too.' },
  documents: {
    flag: 'documents',
    type: null,
    help: 'Export whole documents as the REST API shows them, with id, name, table, version and times. When absent, their bodies.',
  },
  fields: {
    flag: 'fields',
    type: list('PATH,...', 'paths joined by commas, such as $id,username,address.city', (path) => path),
    help: "Of CSV: the columns, as paths into the body; $id, $name, $table, $version, $createdAt, $updatedAt and $archivedAt are the document's own fields.",
  },
  json: jsonOption,
} as const satisfies Record<string, Option>;

/** `yaradb export FILE`. */
export const exportCommand: Command = {
  usage: 'FILE [--flag VALUE ...]',
  description: [
    'Exports documents of a running server to FILE, which must not be there yet, or to standard output when it is -. All of them are as of ' +
      'one commit, in the order of their creation, while reads and writes go on. FILE gets its name once it is whole and on disk.',
    'NDJSON and JSON are exact: `yaradb import` makes the same bodies of them, and with --documents on both sides the same ids, names, ' +
      'tables and archived documents, too. CSV knows texts only. For a copy with versions, times and history use `yaradb backup`.',
  ],
  examples: [
    'yaradb export people.ndjson --table people',
    'yaradb export everything.ndjson --documents --archived',
    "yaradb export people.csv --table people --fields '$id,email,address.city'",
    'yaradb export kyiv.json --query \'{"address.city": "Kyiv"}\'',
    'yaradb export - --format ndjson --table people | gzip > people.ndjson.gz',
  ],
  options,
  exitCodes: new Map([
    [exitCodes.clean, 'Everything is exported.'],
    [exitCodes.usage, 'A flag is wrong, or FILE is there already or cannot be made.'],
    [exitCodes.diskFailed, 'The disk failed or is full. There is no FILE.'],
    [exitCodes.noServer, 'The server cannot be reached, refused, or broke off. There is no FILE.'],
    [exitCodes.bug, 'A bug; standard error says what happened.'],
  ]),
  async run(given) {
    const { FILE: path } = given.take(['FILE']);
    const writer = createWriter(writerOptionsOf(given, path));
    const server = serverTargetOf(given);
    const query = {
      table: given.value(options.table),
      archived: given.has(options.archived),
      filter: given.value(options.query) ?? '{}',
    };
    const progress = new Progress();
    const connection = new ServerConnection(server);
    const output = await openOutput(path).catch((error: unknown) => {
      throw failureOfExport(error, path);
    });
    let documents = 0;
    let bytes = 0;
    const write = async (part: Uint8Array): Promise<void> => {
      bytes += part.length;
      await output.write(part);
    };
    try {
      await write(Buffer.from(writer.opening));
      for await (const items of exportedDocuments(connection, query)) {
        documents += items.length;
        await write(Buffer.concat(items.map((item) => writer.write(item.text))));
        progress.show(`exported ${countText(documents, 'document')}, ${sizeText(bytes)}`);
      }
      await write(Buffer.from(writer.closing()));
      await output.finish();
    } catch (error) {
      await output.abandon();
      throw failureOfExport(error, path);
    } finally {
      progress.clear();
      connection.close();
    }
    // Standard output holds the documents, and nothing else.
    if (path === '-') return exitCodes.clean;
    if (given.has(options.json)) await printLine(JSON.stringify({ path, documents, bytes }));
    else await printLine(`exported: ${path} holds ${countText(documents, 'document')}, ${sizeText(bytes)}`);
    return exitCodes.clean;
  },
};

function writerOptionsOf(given: GivenArguments, path: string): WriterOptions {
  const format = given.value(options.format) ?? formatOf(path);
  const documents = given.has(options.documents);
  const fields = (given.value(options.fields) ?? []).map(parseField);
  if (format === 'csv' && documents) throw new UsageError('--documents is not for CSV: name the columns with --fields');
  if (format === 'csv' && fields.length === 0) {
    throw new UsageError("CSV needs its columns: --fields PATH,..., such as --fields '$id,username,address.city'");
  }
  if (format !== 'csv' && fields.length > 0) throw new UsageError('--fields is for CSV alone');
  return { format, documents, fields };
}

function parseField(field: string): Path {
  try {
    return parsePath(field, '--fields');
  } catch (error) {
    throw error instanceof DatabaseError ? new UsageError(error.message) : error;
  }
}

function failureOfExport(error: unknown, path: string): CommandFailure {
  const cause = { cause: error };
  if (error instanceof UsageError) throw error;
  if (error instanceof ServerError) {
    return new CommandFailure(exitCodes.noServer, `${error.message}. There is no export.`, cause);
  }
  const system = systemErrorOf(error);
  if (system === undefined) return failureOf(error);
  const disk = ['EIO', 'ENOSPC', 'EDQUOT'].includes(system.code);
  const what = disk ? `the disk of ${path} failed or is full` : `${path} cannot be made`;
  return new CommandFailure(disk ? exitCodes.diskFailed : exitCodes.usage, `${what} (${system.message}).`, cause);
}
