import { parseDocumentId } from '../document/document-id.ts';
import type { CommitRecord, LogRecord } from '../embedded/log/record.ts';
import { type LogPart, scanLog } from '../embedded/maintenance/log-scan.ts';
import { findLogStart } from '../embedded/maintenance/snapshot-scan.ts';
import { systemClock } from '../embedded/ports/clock.ts';
import { nodeFileSystem } from '../embedded/ports/node-file-system.ts';
import { InvalidArgumentError } from '../errors.ts';
import { type SettingType, UsageError, wholeNumber } from '../setting.ts';
import { isBackup } from './backup-directory.ts';
import { type Command, jsonOption, type Option } from './command.ts';
import { failureOfReading } from './database-failure.ts';
import { exitCodes } from './exit-code.ts';
import { jsonLines, type LogLines, textLines } from './log-lines.ts';
import { printLine } from './output.ts';

/** `--from`, `--to` and the like. */
export const sequenceType: SettingType<number> = wholeNumber('SEQUENCE', 0, Number.MAX_SAFE_INTEGER);

const documentIdType: SettingType<string> = {
  placeholder: 'ID',
  expected: 'a UUID such as 00000000-0000-4000-8000-000000000000',
  parse: (given) => {
    try {
      return parseDocumentId(given, 'document');
    } catch (error) {
      if (error instanceof InvalidArgumentError) return undefined;
      throw error;
    }
  },
};

const options = {
  from: { flag: 'from', type: sequenceType, help: 'Leave out the commits before this one.' },
  to: { flag: 'to', type: sequenceType, help: 'Leave out the commits after this one.' },
  document: {
    flag: 'document',
    type: documentIdType,
    help: 'Show only what was written about the document with this id: its versions, its erasure, the drop of its table.',
  },
  frames: {
    flag: 'frames',
    type: null,
    help: 'Show segments, frames and seals with their offsets, checksums and links instead of what the commits wrote.',
  },
  json: { ...jsonOption, help: 'One JSON object a line, for programs. Bodies are shown whole.' },
} as const satisfies Record<string, Option>;

/** `yaradb log DIR`. */
export const logCommand: Command = {
  usage: 'DIR [--flag VALUE ...]',
  description: [
    'Prints the log of the data directory DIR: one line for each record that a commit wrote, with the commit, its time, who asked ' +
      'for it, and what was written.',
    'DIR may be a directory that `yaradb backup` has made, too.',
    'Nothing is written and no lock is taken, so a log may be looked at while a server writes it: what is being written at that ' +
      'moment then looks like a torn write at the end. Damage is shown where it is, and what is behind it as far as it can be read.',
  ],
  options,
  exitCodes: new Map([
    [exitCodes.clean, 'Everything was read.'],
    [exitCodes.usage, 'A flag is wrong, DIR holds no data or cannot be read, or a newer version has written it.'],
    [exitCodes.corruption, 'There is damage; it is among the lines.'],
    [exitCodes.diskFailed, 'The disk failed under a read.'],
    [exitCodes.bug, 'A bug; standard error says what happened.'],
  ]),
  async run(given) {
    const { DIR: directory } = given.take(['DIR']);
    const from = given.value(options.from) ?? 0;
    const to = given.value(options.to) ?? Number.MAX_SAFE_INTEGER;
    if (from > to) throw new UsageError(`--from is ${from} and --to is ${to}: no commit is between them`);
    const document = given.value(options.document);
    const frames = given.has(options.frames);
    const dump = new LogDump({ from, to, document, frames, lines: given.has(options.json) ? jsonLines : textLines });
    try {
      const ports = { fileSystem: nodeFileSystem, clock: systemClock, directory };
      for await (const part of scanLog({
        ...ports,
        start: await findLogStart(ports),
        checkNewest: !isBackup(directory),
      })) {
        for (const line of dump.linesOf(part)) await printLine(line);
      }
    } catch (error) {
      throw failureOfReading(error, directory);
    }
    return dump.damaged ? exitCodes.corruption : exitCodes.clean;
  },
};

interface LogDumpOptions {
  readonly from: number;
  readonly to: number;
  readonly document: string | null;
  readonly frames: boolean;
  readonly lines: LogLines;
}

/** Chooses what of a log is shown. */
class LogDump {
  readonly #options: LogDumpOptions;
  /** The table in which the document was seen last. */
  #tableId: string | null = null;
  damaged = false;

  constructor(options: LogDumpOptions) {
    this.#options = options;
  }

  linesOf(part: LogPart): readonly string[] {
    const { lines, frames, from, to } = this.#options;
    switch (part.kind) {
      case 'segment':
        return frames ? [lines.segment(part)] : [];
      case 'frame': {
        if (!frames) return part.commits.flatMap((commit) => this.#commitLines(part, commit));
        const { firstSequence, commitCount } = part.header;
        const last = firstSequence + Math.max(commitCount, 1) - 1;
        return last >= from && firstSequence <= to ? [lines.frame(part)] : [];
      }
      case 'problem':
        this.damaged = true;
        return [lines.problem(part)];
      case 'tail':
        return [lines.tail(part)];
    }
  }

  #commitLines(part: Extract<LogPart, { kind: 'frame' }>, commit: CommitRecord): readonly string[] {
    const { lines, from, to, document } = this.#options;
    // Also of commits that are left out: the table of the document has to be known.
    const records =
      document === null ? commit.records : commit.records.filter((record) => this.#concerns(record, document));
    if (commit.sequence < from || commit.sequence > to) return [];
    return document !== null && records.length === 0 ? [] : lines.commit(part, commit, records);
  }

  #concerns(record: LogRecord, documentId: string): boolean {
    switch (record.kind) {
      case 'putDocument':
        if (record.document.id !== documentId) return false;
        this.#tableId = record.document.table.id;
        return true;
      case 'eraseDocument':
        if (record.id !== documentId) return false;
        this.#tableId = null;
        return true;
      case 'dropTable':
        return record.id === this.#tableId;
      default:
        return false;
    }
  }
}
