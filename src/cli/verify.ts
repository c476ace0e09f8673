import { formatTime } from '../document/timestamp.ts';
import { type VerificationReport, verifyDirectory } from '../embedded/maintenance/verification.ts';
import { systemClock } from '../embedded/ports/clock.ts';
import { nodeFileSystem } from '../embedded/ports/node-file-system.ts';
import { refuseBackup } from './backup-directory.ts';
import { type Command, jsonOption } from './command.ts';
import { failureOfReading } from './database-failure.ts';
import { exitCodes } from './exit-code.ts';
import { printLine } from './output.ts';
import { problemLine } from './problem-line.ts';
import { Progress } from './progress.ts';
import { countText, sizeText } from './size-text.ts';

const options = { json: jsonOption };

/** `yaradb verify DIR`. */
export const verifyCommand: Command = {
  usage: 'DIR [--json]',
  description: [
    'Checks everything in the data directory DIR: every checksum, link and seal, that nothing is missing, the hash of every body, ' +
      'the versions of every document, and that every snapshot holds what the log comes to. Every problem is printed with its file, offset and commit, not only the first.',
    'Nothing is written, so a directory that can only be read will do. No server may have it open; while it is checked, none can ' +
      'open it. It takes about the memory that a server needs for the same data.',
    'A torn write at the end of the log is told, but is no damage: a power cut leaves one, it was never acknowledged, and the next ' +
      'start sets it aside.',
  ],
  options,
  exitCodes: new Map([
    [exitCodes.clean, 'Everything is as it was written.'],
    [exitCodes.usage, 'A flag is wrong, DIR holds no data or cannot be read, or a newer version has written it.'],
    [exitCodes.locked, 'A server has DIR open.'],
    [exitCodes.corruption, 'There is damage; standard output says where.'],
    [exitCodes.diskFailed, 'The disk failed under a read.'],
    [exitCodes.bug, 'A bug; standard error says what happened.'],
  ]),
  async run(given) {
    const { DIR: directory } = given.take(['DIR']);
    const json = given.has(options.json);
    refuseBackup(directory);
    const progress = new Progress();
    const report = await verifyDirectory({
      fileSystem: nodeFileSystem,
      clock: systemClock,
      directory,
      onProgress: (text) => progress.show(text),
    })
      .catch((error: unknown) => {
        throw failureOfReading(error, directory);
      })
      .finally(() => progress.clear());
    const committedAt = report.committedAt === null ? null : formatTime(report.committedAt);
    if (json) await printLine(JSON.stringify({ directory, ...report, committedAt }));
    else for (const line of reportLines(directory, report)) await printLine(line);
    return report.clean ? exitCodes.clean : exitCodes.corruption;
  },
};

function* reportLines(directory: string, report: VerificationReport): Generator<string> {
  for (const problem of report.problems) yield problemLine(problem);
  const hidden = report.problemCount - report.problems.length;
  if (hidden > 0) yield `and ${countText(hidden, 'more problem')}`;
  const { snapshots, segments, commits, bytes, sequence, documents, tail, epoch, databaseId } = report;
  if (tail !== null) {
    yield `${tail.file}, offset ${tail.offset}: a torn write of ${countText(tail.bytes, 'byte')} at the end (${tail.reason}). ` +
      'It was never acknowledged; the next start sets it aside';
  }
  const read = `${countText(snapshots, 'snapshot')}, ${countText(segments, 'segment')}, ${countText(commits, 'commit')}, ${sizeText(bytes)}`;
  if (!report.clean) {
    yield `DAMAGED: ${directory} has ${countText(report.problemCount, 'problem')}. Read: ${read}, up to commit ${sequence}`;
    return;
  }
  yield `clean: ${read}, ${countText(documents ?? 0, 'document')}, up to commit ${sequence}`;
  yield `database ${databaseId ?? 'none'}, epoch ${epoch ?? 'none'}`;
  yield `state digest ${report.stateDigest}`;
}
