// The ceiling of a bulk create: parse, hash and print the documents of a request one after the other, write them at once and sync
// once. It checks nothing, keeps nothing but the texts, and could not be read back safely.
import { randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Create, documentText } from './document-text.ts';
import { listen } from './listen.ts';

const path = join(process.env.BENCH_DIRECTORY ?? tmpdir(), `bulk-ceiling-${process.pid}.log`);
const file = await open(path, 'a');
const documents = new Map<string, string>();

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', async () => {
    const creates: readonly Create[] = JSON.parse(Buffer.concat(chunks).toString());
    const created = creates.map((create) => {
      const id = randomUUID();
      return { id, text: documentText(id, create) };
    });
    const answer = `[${created.map(({ text }) => text).join(',')}]`;
    await file.write(answer);
    await file.datasync();
    for (const { id, text } of created) documents.set(id, text);
    response.writeHead(200, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(answer),
    });
    response.end(answer);
  });
});

process.on('SIGTERM', async () => {
  await rm(path);
  process.exit(0);
});
listen(server);
