import { stringifyJson } from '../document/json-serializer.ts';
import { type Command, jsonOption } from './command.ts';
import { exitCodes } from './exit-code.ts';
import { requestMaintenance } from './maintenance-request.ts';
import { printLine } from './output.ts';
import { serverOptions, serverTargetOf } from './server-target.ts';
import { countText, sizeText } from './size-text.ts';

const options = { ...serverOptions, json: jsonOption };

/** `yaradb snapshot`. */
export const snapshotCommand: Command = {
  usage: '[--flag VALUE ...]',
  description: [
    'Has a running server take a snapshot of everything that was acknowledged by now, so that its next start is short. It does so by ' +
      'itself when the log has grown by --snapshot-log-bytes; this is for before a planned restart. When nothing was written since ' +
      'the last one, that is it.',
    'Reads and writes go on meanwhile. It needs room on the disk: the two newest snapshots are kept. It is no backup, since it is on the same disk.',
    'It takes a token of the role admin, which whoever can read the data directory of the server need not name. Without authentication the ' +
      'server takes this command from its own machine only. In a container, run it in that container.',
  ],
  options,
  exitCodes: new Map([
    [exitCodes.clean, 'The snapshot is on disk, and was read back.'],
    [exitCodes.usage, 'A flag is wrong.'],
    [exitCodes.diskFailed, "The server's disk is full or failed. The snapshots that there were are still there."],
    [exitCodes.noServer, 'The server cannot be reached, refused, or broke off.'],
    [exitCodes.bug, 'A bug; standard error says what happened.'],
  ]),
  async run(given) {
    given.take([]);
    const answer = await requestMaintenance(serverTargetOf(given), '/system/snapshot', 'the server takes a snapshot');
    const { sequence, documents, bytes } = answer;
    await printLine(
      given.has(options.json)
        ? stringifyJson(answer)
        : `snapshot: everything up to commit ${sequence}: ${countText(Number(documents), 'document')}, ${sizeText(Number(bytes))}`,
    );
    return exitCodes.clean;
  },
};
