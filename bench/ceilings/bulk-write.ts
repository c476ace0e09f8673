// The ceiling of a bulk create: hash and print the same documents in a loop, 100 a request, and write and sync once a request. There is no
// request: nothing is received, parsed, checked or answered. Prints how many documents a second that are.
import { hash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { personOf } from '../people.ts';

const documentsInRequest = 100;
const [directory = '', count = ''] = process.argv.slice(2);
const documents = Array.from({ length: Number(count) }, (_, number) => personOf(number));
const path = join(directory, `bulk-${process.pid}.log`);
const file = await open(path, 'wx');
const startedAt = performance.now();
for (let at = 0; at < documents.length; at += documentsInRequest) {
  let text = '';
  for (const body of documents.slice(at, at + documentsInRequest)) {
    const printed = JSON.stringify(body);
    text += `${hash('sha256', printed)} ${printed}\n`;
  }
  await file.write(text);
  await file.datasync();
}
const seconds = (performance.now() - startedAt) / 1000;
await file.close();
await rm(path);
process.stdout.write(`${documents.length / seconds}\n`);
