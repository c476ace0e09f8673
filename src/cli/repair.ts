import { lockDirectory, lockDirectoryForReading } from '../embedded/directory-lock.ts';
import {
  carryOutSalvage,
  NothingToSalvageError,
  planSalvage,
  type SalvageOptions,
  type SalvagePlan,
} from '../embedded/maintenance/salvage.ts';
import { systemClock } from '../embedded/ports/clock.ts';
import { nodeFileSystem } from '../embedded/ports/node-file-system.ts';
import { systemRandom } from '../embedded/ports/random.ts';
import { refuseBackup } from './backup-directory.ts';
import { type Command, jsonOption } from './command.ts';
import { failureOfReading } from './database-failure.ts';
import { exitCodes } from './exit-code.ts';
import { CommandFailure } from './failure.ts';
import { printLine } from './output.ts';
import { problemLine } from './problem-line.ts';
import { Progress } from './progress.ts';
import { countText, sizeText } from './size-text.ts';

const options = {
  acceptDataLoss: {
    flag: 'accept-data-loss',
    type: null,
    help: 'Do it. Without this flag nothing is changed, and it is only said what would be lost.',
  },
  json: jsonOption,
};

/** `yaradb repair DIR`. */
export const repairCommand: Command = {
  usage: 'DIR [--accept-data-loss] [--json]',
  description: [
    'Cuts the log of a damaged data directory down to its longest beginning that is whole, so that it opens again. Acknowledged ' +
      'writes are lost: everything from the first damage on. A backup is better, if there is one that is new enough.',
    'No server ever does this by itself, and neither does this command without --accept-data-loss: first it says which commits ' +
      'would be lost. The files that it changes or takes out are kept as they were, in a folder damaged-<time> in DIR.',
    'What is left begins a new epoch, so that nobody takes a commit of before for one that gets its number now.',
  ],
  options,
  exitCodes: new Map([
    [exitCodes.clean, 'It is repaired, or there was nothing to repair.'],
    [exitCodes.usage, 'A flag is wrong, DIR holds no data or cannot be written, or a newer version has written it.'],
    [exitCodes.locked, 'Another process has DIR open.'],
    [exitCodes.corruption, 'There is damage, and nothing was changed: not asked to, or nothing can be kept.'],
    [exitCodes.diskFailed, 'The disk failed or is full. Run it again; no more is lost than was said.'],
    [exitCodes.bug, 'A bug; standard error says what happened.'],
  ]),
  async run(given) {
    const { DIR: directory } = given.take(['DIR']);
    const accepted = given.has(options.acceptDataLoss);
    const json = given.has(options.json);
    refuseBackup(directory);
    const progress = new Progress();
    const salvage: SalvageOptions = {
      fileSystem: nodeFileSystem,
      clock: systemClock,
      random: systemRandom,
      directory,
      onProgress: (text) => progress.show(text),
    };
    try {
      // Locking for writing would make a directory that is not there.
      await nodeFileSystem.list(`${directory}/log`);
      const lock = accepted ? await lockDirectory(directory) : await lockDirectoryForReading(directory);
      try {
        const plan = await planSalvage(salvage).finally(() => progress.clear());
        const result = plan !== null && accepted ? await carryOutSalvage(plan, salvage) : null;
        const lines = json
          ? [
              JSON.stringify({
                directory,
                repaired: result !== null,
                ...(plan === null ? { problems: [] } : told(plan)),
                ...result,
              }),
            ]
          : linesOf(directory, plan, result);
        for (const line of lines) await printLine(line);
        return plan === null || accepted ? exitCodes.clean : exitCodes.corruption;
      } finally {
        await lock?.release();
      }
    } catch (error) {
      if (error instanceof NothingToSalvageError) {
        throw new CommandFailure(exitCodes.corruption, error.message, { cause: error });
      }
      throw failureOfReading(error, directory);
    }
  },
};

function told(plan: SalvagePlan) {
  const { problems, floor, floorBefore, sequence, lastKnown, databaseId, cut, dropped } = plan;
  return {
    problems,
    databaseId,
    sequence,
    lost: lastKnown > sequence ? { from: sequence + 1, to: lastKnown } : null,
    lostHistory: floor > floorBefore ? { from: floorBefore, to: floor - 1 } : null,
    cut: cut === null ? null : { file: cut.path, offset: cut.end, bytes: cut.bytes - cut.end },
    dropped,
  };
}

function* linesOf(
  directory: string,
  plan: SalvagePlan | null,
  result: { readonly epoch: string; readonly originals: string } | null,
): Generator<string> {
  if (plan === null) {
    yield `nothing to repair: the log of ${directory} can be opened`;
    return;
  }
  const { problems, floor, floorBefore, sequence, lastKnown, cut, dropped } = plan;
  for (const problem of problems) yield problemLine(problem);
  const done = result !== null;
  yield `${done ? 'kept' : 'can be kept'}: the database as of commit ${sequence}`;
  const lost =
    lastKnown === sequence
      ? 'no commit that can be seen; later ones that left no trace may be missing'
      : `commits ${sequence + 1} to ${lastKnown}, and any after them that left no trace`;
  yield `${done ? 'lost' : 'would be lost'}: ${lost}`;
  if (floor > floorBefore) {
    yield `${done ? 'lost' : 'would be lost'}: history, the states before that of commit ${floor}; the documents of today are not concerned`;
  }
  if (cut !== null) {
    yield `${done ? 'cut' : 'would be cut'}: ${cut.path} at offset ${cut.end}, the last ${sizeText(cut.bytes - cut.end)} of it`;
  }
  if (dropped.length > 0)
    yield `${done ? 'taken out' : 'would be taken out'}: ${countText(dropped.length, 'file')}, ${dropped.join(', ')}`;
  if (result === null) {
    yield 'Nothing was changed. Restore a backup if you can; else run it again with --accept-data-loss.';
  } else {
    yield `The originals are in ${result.originals}. A new epoch begins: ${result.epoch}`;
  }
}
