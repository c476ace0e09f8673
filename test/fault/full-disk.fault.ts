import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer } from '../process/server-process.ts';
import { send } from '../support/http-client.ts';
import { MountNamespace, mountingProblem } from './machine/mount-namespace.ts';

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'yaradb-full-'));
  mkdirSync(join(scratch, 'mount'));
});
afterAll(() => rmSync(scratch, { recursive: true }));

interface Created {
  readonly _id: string;
  readonly body: object;
}

test('a full tmpfs: 507; reads go on; writes resume when there is room; a kill loses nothing', {
  timeout: 120_000,
}, async (context) => {
  const mount = join(scratch, 'mount');
  const tmpfs = ['mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mount];
  const problem = await mountingProblem([tmpfs]);
  if (problem !== null) process.stdout.write(`full disk: skipped, ${problem}\n`);
  context.skip(problem !== null, problem ?? '');
  const namespace = await MountNamespace.open();
  try {
    namespace.run(...tmpfs);
    // What will be taken away to make room, more than once.
    const ballast = ['one', 'two', 'three'].map((name) => join(mount, name));
    for (const path of ballast) namespace.run('dd', 'if=/dev/zero', `of=${path}`, 'bs=1k', 'count=200', 'status=none');
    const data = join(mount, 'data');
    const flags = ['--segment-bytes-max', '64KiB', '--log-level', 'warn'];
    const first = await startServer(data, flags, {}, namespace.wrapper);
    await using server = first.server;
    const acknowledged: Created[] = [];
    let refusals = 0;
    for (let room = ballast.shift(); ; room = ballast.shift()) {
      for (let full = false; !full; ) {
        const body = { name: 'a', body: { number: acknowledged.length, text: 'x'.repeat(5000) } };
        const { status, json } = await send(`${first.url}/document/create`, { method: 'POST', body });
        full = status === 507;
        if (full) expect(json).toMatchObject({ code: 'STORAGE_FULL' });
        else expect(status).toBe(200);
        if (full) refusals += 1;
        else acknowledged.push(json as Created);
      }
      for (const document of acknowledged) {
        expect((await send(`${first.url}/document/get/${document._id}`)).json).toEqual(document);
      }
      if (room === undefined) break;
      namespace.run('rm', room);
    }
    expect(refusals).toBe(4);
    expect(acknowledged.length).toBeGreaterThan(100);
    server.kill('SIGKILL');
    await server.ended;

    // What is there can be served from a full disk, and written to again when there is room.
    const again = await startServer(data, flags, {}, namespace.wrapper);
    await using _ = again.server;
    expect(again.server.stderr).toContain('the disk is full: reads are served');
    const found = await send(`${again.url}/document/find`, { method: 'POST', body: {} });
    expect(found.json).toEqual(acknowledged);
    const body = { name: 'a', body: { text: 'x'.repeat(5000) } };
    const refused = await send(`${again.url}/document/create`, { method: 'POST', body });
    expect(refused).toMatchObject({ status: 507, json: { code: 'STORAGE_FULL' } });
    expect(refused.text).not.toContain(mount);
    namespace.run('mount', '-o', 'remount,size=2m', mount);
    expect((await send(`${again.url}/document/create`, { method: 'POST', body })).status).toBe(200);
  } finally {
    await namespace.close();
  }
});

test('directory read-only: clean refusal, data untouched', async (context) => {
  const mount = join(scratch, 'mount');
  const tmpfs = ['mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mount];
  const remount = ['mount', '-o', 'remount,ro', mount];
  const problem = await mountingProblem([tmpfs, remount]);
  context.skip(problem !== null, problem ?? '');
  const namespace = await MountNamespace.open();
  try {
    namespace.run(...tmpfs);
    const data = join(mount, 'data');
    const { server, url } = await startServer(data, [], {}, namespace.wrapper);
    await using _ = server;
    await send(`${url}/document/create`, { method: 'POST', body: { name: 'a', body: {} } });
    server.kill('SIGKILL');
    await server.ended;
    namespace.run(...remount);
    const digests = () => namespace.run('sh', '-c', `cd ${data} && sha256sum lock log/*`);
    const before = digests();
    await expect(startServer(data, [], {}, namespace.wrapper)).rejects.toThrow(
      /ended with 1 .*mounted read-only.*Mount it for writing/s,
    );
    expect(digests()).toBe(before);
  } finally {
    await namespace.close();
  }
});
