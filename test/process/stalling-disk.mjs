// Loaded into a server before its own code (`node --import`): as long as a file named by STALLING_DISK_MARK exists, the disk's
// syncs do not come to an end, as those of a disk that stalls.
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const handle = await open(process.execPath);
const prototype = Object.getPrototypeOf(handle);
await handle.close();
for (const name of ['datasync', 'sync']) {
  const original = prototype[name];
  prototype[name] = async function sync() {
    while (existsSync(process.env.STALLING_DISK_MARK ?? '')) await delay(5);
    return original.call(this);
  };
}
