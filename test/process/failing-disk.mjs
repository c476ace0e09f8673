// Loaded into a server before its own code (`node --import`): from the moment that a file named by FAILING_DISK_MARK exists, the
// disk's syncs fail as those of a broken disk do.
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';

const handle = await open(process.execPath);
const prototype = Object.getPrototypeOf(handle);
await handle.close();
for (const name of ['datasync', 'sync']) {
  const original = prototype[name];
  prototype[name] = async function sync() {
    if (existsSync(process.env.FAILING_DISK_MARK ?? '')) {
      throw Object.assign(new Error(`EIO: i/o error, f${name}`), { code: 'EIO', errno: -5, syscall: `f${name}` });
    }
    return original.call(this);
  };
}
