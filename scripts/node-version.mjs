// The entrance of `npm start`, `npm test` and their like: says clearly which Node is needed, then runs the program that
// its first argument names. It is plain JavaScript so that even a Node that cannot read TypeScript can say so.

import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const needed = 24;
const [program, ...rest] = process.argv.slice(2);
const major = Number(process.versions.node.split('.')[0]);

if (major < needed) {
  process.stderr.write(
    `YaraDB needs Node ${needed} or newer, and this is Node ${process.versions.node}. ` +
      'Run it through npm (`npm start`, `npm test`): `npm install` brings the right Node along. ' +
      'If it did not, allow its install script with `npm install --allow-scripts=node`, or install Node 26.\n',
  );
  process.exit(1);
}
if (program === undefined) {
  process.stderr.write('usage: node scripts/node-version.mjs PROGRAM [ARGUMENT ...]\n');
  process.exit(1);
}
process.argv = [process.argv[0] ?? 'node', resolve(program), ...rest];
await import(pathToFileURL(resolve(program)).href);
