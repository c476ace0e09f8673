// The ceiling of a restart: reads a file of JSON texts, one a line, parses each, and keeps them, as a database in memory does. It
// checks nothing and can find nothing in them.
import { readFileSync } from 'node:fs';

const [, , path = ''] = process.argv;
const bytes = readFileSync(path);
const values: unknown[] = [];
let start = 0;
for (let end = bytes.indexOf('\n'); end !== -1; end = bytes.indexOf('\n', start)) {
  values.push(JSON.parse(bytes.toString('utf8', start, end)));
  start = end + 1;
}
process.stdout.write(`${values.length}\n`);
