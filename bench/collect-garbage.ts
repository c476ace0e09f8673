// Loaded into a server by NODE_OPTIONS: collects all garbage on SIGUSR2, so that resident memory tells what is kept.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');
if (typeof collect !== 'function') throw new TypeError('this Node has no gc()');
process.on('SIGUSR2', () => {
  // What is only found to be garbage by a first collection goes with a second.
  collect();
  collect();
});
