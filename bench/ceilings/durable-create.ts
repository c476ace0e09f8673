// The ceiling of a durable create: parse, hash, print, and one writer that takes all lines that wait, writes them and
// syncs once (group commit). It checks nothing, keeps nothing but the text, and could not be read back safely.
import { randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { documentText } from './document-text.ts';
import { listen } from './listen.ts';

const path = join(process.env.BENCH_DIRECTORY ?? tmpdir(), `ceiling-${process.pid}.log`);
const file = await open(path, 'a');
const documents = new Map<string, string>();
let waiting: { line: string; done: () => void }[] = [];
let writing = false;

async function drain(): Promise<void> {
  writing = true;
  while (waiting.length > 0) {
    const group = waiting;
    waiting = [];
    await file.write(group.map(({ line }) => line).join('\n'));
    await file.datasync();
    for (const { done } of group) done();
  }
  writing = false;
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const id = randomUUID();
    const line = documentText(id, JSON.parse(Buffer.concat(chunks).toString()));
    waiting.push({
      line,
      done: () => {
        documents.set(id, line);
        response.writeHead(200, {
          'content-type': 'application/json; charset=utf-8',
          'content-length': Buffer.byteLength(line),
        });
        response.end(line);
      },
    });
    if (!writing) void drain();
  });
});

process.on('SIGTERM', async () => {
  await rm(path);
  process.exit(0);
});
listen(server);
