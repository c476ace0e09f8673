import { Buffer } from 'node:buffer';
import { tokenSettingPrefix } from '../access/token-record.ts';
import { isJsonObject } from '../document/json.ts';
import { stringifyJson } from '../document/json-serializer.ts';
import { formatTime } from '../document/timestamp.ts';
import { frameKinds } from '../embedded/log/frame.ts';
import type { CommitRecord, LogRecord, SettingRecord } from '../embedded/log/record.ts';
import type { LogPart } from '../embedded/maintenance/log-scan.ts';
import { problemLine } from './problem-line.ts';
import { countText } from './size-text.ts';

type Part<Kind extends LogPart['kind']> = Extract<LogPart, { readonly kind: Kind }>;

/** How the dump shows what it finds: lines for people, or one JSON object each for programs. */
export interface LogLines {
  /** The given records of a commit: all of them, or those about one document. */
  commit(part: Part<'frame'>, commit: CommitRecord, records: readonly LogRecord[]): readonly string[];
  segment(part: Part<'segment'>): string;
  frame(part: Part<'frame'>): string;
  problem(part: Part<'problem'>): string;
  tail(part: Part<'tail'>): string;
}

const bodyCharactersMax = 120;

/** For people: a line for each record. */
export const textLines: LogLines = {
  commit(_part, commit, records) {
    const { sequence, committedAt, principal, idempotencyKey } = commit;
    const key = idempotencyKey === null ? '' : `  key ${quoted(idempotencyKey)}`;
    const head = `${sequence}  ${timeText(committedAt)}  ${plainOrQuoted(principal)}${key}`;
    if (records.length === 0) return [`${head}  nothing is left of what it wrote`];
    return records.map((record) => `${head}  ${recordText(record)}`);
  },
  segment({ path, header, bytes }) {
    const { databaseId, epoch, firstSequence, createdAt, previousSeal, salt } = header;
    return (
      `segment ${path}  ${bytes} bytes  from commit ${firstSequence}  created ${timeText(createdAt)}  ` +
      `database ${databaseId}  epoch ${epoch}  salt ${hex(salt)}  seal before ${hex(previousSeal)}`
    );
  },
  frame({ offset, header, position }) {
    const { kind, payloadLength, payloadChecksum, firstSequence, commitCount, link } = header;
    const what =
      kind === frameKinds.seal
        ? `seal   ${position.frames} frames, ${position.commits} commits, ${position.records} records`
        : `frame  commits ${firstSequence} to ${firstSequence + commitCount - 1}`;
    return `${what}  offset ${offset}  payload ${payloadLength} bytes  CRC-32 ${checksumText(payloadChecksum)}  link ${hex(link)}`;
  },
  problem: ({ problem }) => `PROBLEM  ${problemLine(problem)}`,
  tail: ({ path, offset, bytes, reason }) =>
    `torn write  ${path}, offset ${offset}: ${countText(bytes, 'byte')}, never acknowledged (${reason})`,
};

/** For programs. */
export const jsonLines: LogLines = {
  commit({ path, offset }, commit, records) {
    const { sequence, committedAt, principal, idempotencyKey, requestDigest } = commit;
    return [
      stringifyJson({
        kind: 'commit',
        sequence,
        committedAt: timeText(committedAt),
        principal,
        idempotencyKey,
        requestDigest: requestDigest === null ? null : hex(requestDigest),
        records: records.map(shownRecord),
        file: path,
        offset,
      }),
    ];
  },
  segment({ path, header, bytes }) {
    const { previousSeal, salt, ...rest } = header;
    return stringifyJson({
      kind: 'segment',
      file: path,
      bytes,
      ...rest,
      createdAt: timeText(header.createdAt),
      salt: hex(salt),
      previousSeal: hex(previousSeal),
    });
  },
  frame({ path, offset, end, header, position }) {
    const { kind, link, payloadChecksum, ...rest } = header;
    return stringifyJson({
      kind: kind === frameKinds.seal ? 'seal' : 'frame',
      file: path,
      offset,
      end,
      ...rest,
      payloadChecksum: checksumText(payloadChecksum),
      link: hex(link),
      ...(kind === frameKinds.seal
        ? { frames: position.frames, commits: position.commits, records: position.records }
        : {}),
    });
  },
  problem: ({ problem }) => stringifyJson({ kind: 'problem', ...problem }),
  tail: ({ path, offset, bytes, reason }) => stringifyJson({ kind: 'tornWrite', file: path, offset, bytes, reason }),
};

function recordText(record: LogRecord): string {
  switch (record.kind) {
    case 'putDocument': {
      const { id, version, table, name, archivedAt, body } = record.document;
      const archived = archivedAt === null ? '' : '  archived';
      return `putDocument ${id}  version ${version}  table ${plainOrQuoted(table.name)}  name ${plainOrQuoted(name)}${archived}  ${cut(stringifyJson(body))}`;
    }
    case 'putTable':
      return `putTable ${record.table.id}  name ${plainOrQuoted(record.table.name)}  ${cut(stringifyJson(record.table.settings))}`;
    case 'putIndex': {
      const { id, tableId, paths, kind, unique, archived, ready } = record.index;
      const traits = [kind.toLowerCase(), ...(unique ? ['unique'] : []), ...(ready ? ['ready'] : ['building'])];
      const documents = { EXCLUDE: 'live documents', INCLUDE: 'all documents', ONLY: 'archived documents' }[archived];
      return `putIndex ${id}  table ${tableId}  paths ${paths.map(quoted).join(', ')}  ${traits.join(' ')}  of ${documents}`;
    }
    case 'putSetting':
      return `putSetting ${quoted(record.setting.name)}  ${cut(stringifyJson(shownSetting(record.setting).value))}`;
    case 'putKey': {
      const { id, digest, documentIds } = record.key;
      return `putKey ${id}  request ${digest}  of ${countText(documentIds.length, 'document')}`;
    }
    case 'eraseDocument':
    case 'dropTable':
    case 'dropIndex':
      return `${record.kind} ${record.id}`;
  }
}

/** Of a token, what may be known: its digest opens nothing, and yet is nothing to paste into a ticket. */
function shownSetting({ name, value }: SettingRecord): SettingRecord {
  if (!name.startsWith(tokenSettingPrefix) || !isJsonObject(value)) return { name, value };
  const { digest: _, ...shown } = value;
  return { name, value: shown };
}

function shownRecord(record: LogRecord): LogRecord {
  return record.kind === 'putSetting' ? { ...record, setting: shownSetting(record.setting) } : record;
}

/** A time that the log holds may be any integer; those that have no date are shown as they are. */
function timeText(milliseconds: number): string {
  try {
    return formatTime(milliseconds);
  } catch (error) {
    if (error instanceof RangeError) return String(milliseconds);
    throw error;
  }
}

function cut(text: string): string {
  const shown = escapeControls(text);
  return shown.length <= bodyCharactersMax ? shown : `${shown.slice(0, bodyCharactersMax)}…`;
}

function plainOrQuoted(text: string): string {
  return /^[\w.:@/-]+$/.test(text) ? text : quoted(text);
}

function quoted(text: string): string {
  return escapeControls(JSON.stringify(text));
}

/** JSON escapes the first 32 control characters; a terminal may obey the others, too. */
function escapeControls(text: string): string {
  return text.replace(/[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

function checksumText(checksum: number): string {
  return checksum.toString(16).padStart(8, '0');
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
