import { stringifyJson } from '../document/json-serializer.ts';
import { type Command, jsonOption } from './command.ts';
import { exitCodes } from './exit-code.ts';
import { requestMaintenance } from './maintenance-request.ts';
import { printLine } from './output.ts';
import { serverOptions, serverTargetOf } from './server-target.ts';
import { countText } from './size-text.ts';

const options = { ...serverOptions, json: jsonOption };

/** `yaradb compact`. */
export const compactCommand: Command = {
  usage: '[--flag VALUE ...]',
  description: [
    'Has a running server take what was erased (eraseDocument) out of its files now. Erased documents are gone from memory and from every ' +
      'answer at once; their bytes leave the log and the snapshots as history is pruned, or by this command. With ' +
      '--history-bytes-max unlimited they leave by this command alone.',
    'Every file in which an erased document stands is written again without it, one after the other, and verified before it takes the place of the ' +
      'old one, so the disk needs room for one more of the largest. Nothing else is lost: the rest of history is kept, and verifies. ' +
      'Reads and writes go on meanwhile. While a backup is under way, this waits for it.',
    'Backups that were taken before, and what a repair has set aside, are not touched: what they hold is for you to remove. So is what a ' +
      'file system keeps of removed files (its own snapshots, freed blocks).',
    'It takes a token of the role admin, which whoever can read the data directory of the server need not name. Without authentication the ' +
      'server takes this command from its own machine only. In a container, run it in that container.',
  ],
  options,
  exitCodes: new Map([
    [exitCodes.clean, 'What was erased before the command is in no file of the data directory any more.'],
    [exitCodes.usage, 'A flag is wrong.'],
    [exitCodes.diskFailed, "The server's disk is full or failed. Some files may still hold it: run the command again."],
    [exitCodes.noServer, 'The server cannot be reached, refused, or broke off. Run the command again.'],
    [exitCodes.bug, 'A bug; standard error says what happened.'],
  ]),
  async run(given) {
    given.take([]);
    const answer = await requestMaintenance(
      serverTargetOf(given),
      '/system/compact',
      'the server writes its files again',
    );
    const { erasedOnDiskUpTo, files } = answer;
    await printLine(
      given.has(options.json)
        ? stringifyJson(answer)
        : `compacted: what was erased up to commit ${erasedOnDiskUpTo} is in no file any more; ` +
            `written again: ${countText(Number(files), 'file')}`,
    );
    return exitCodes.clean;
  },
};
