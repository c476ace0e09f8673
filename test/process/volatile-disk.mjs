// Loaded into a server before its own code (`node --import`): writes reach the disk at the next sync and no sooner, as on a
// machine whose power is cut. Killing the process then loses what was not synced, where the kernel would have kept it.
import { open } from 'node:fs/promises';

const handle = await open(process.execPath);
const prototype = Object.getPrototypeOf(handle);
await handle.close();
const { write, datasync, sync, stat, truncate } = prototype;
/** What each open file was told and has not been synced, in order. */
const unsynced = new WeakMap();

async function flush(file) {
  const writes = unsynced.get(file) ?? [];
  unsynced.delete(file);
  for (const { bytes, position } of writes) {
    for (let written = 0; written < bytes.length; ) {
      const more = await write.call(file, bytes, written, bytes.length - written, position + written);
      written += more.bytesWritten;
    }
  }
}

prototype.write = async function writeLater(buffer, offset, length, position) {
  // The caller may use its buffer again.
  const bytes = Buffer.from(buffer.subarray(offset, offset + length));
  unsynced.set(this, [...(unsynced.get(this) ?? []), { bytes, position }]);
  return { bytesWritten: length, buffer };
};
for (const [name, original] of Object.entries({ datasync, sync, stat, truncate })) {
  prototype[name] = async function afterFlush(...args) {
    await flush(this);
    return original.apply(this, args);
  };
}
