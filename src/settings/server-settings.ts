import { optionalText, type Setting, text, wholeNumber } from '../setting.ts';

/** Where the server listens, and where its data lives. */
export const serverSettings = {
  host: {
    flag: 'host',
    environment: ['YARADB_HOST'],
    default: '127.0.0.1',
    type: text('ADDRESS'),
    help: 'Address to listen on. 0.0.0.0 answers the whole network: then there must be tokens, or --auth must say what is meant.',
  },
  port: {
    flag: 'port',
    environment: ['YARADB_PORT'],
    default: '8000',
    type: wholeNumber('PORT', 0, 65_535),
    help: 'TCP port to listen on. 0 picks a free one; the line that says the server is ready names it.',
  },
  dataDirectory: {
    flag: 'data-dir',
    environment: ['YARADB_DATA_DIR', 'DATA_DIR'],
    default: '',
    type: optionalText('DIRECTORY'),
    help: 'Where the data lives; made when it is missing. When none is named: /app if something is mounted there, else --data-dir-default.',
  },
  dataDirectoryDefault: {
    flag: 'data-dir-default',
    environment: ['YARADB_DATA_DIR_DEFAULT'],
    default: './yaradb_data',
    type: text('DIRECTORY'),
    help: 'The data directory when none is named and nothing is mounted at /app. The Docker image sets /data.',
  },
} as const satisfies Readonly<Record<string, Setting<unknown>>>;
