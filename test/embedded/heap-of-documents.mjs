// Run with --expose-gc: prints, for each shape of document, what many of them take in the heap and what `documentBytes` says.
import { hash, randomUUID } from 'node:crypto';
import { defaultTable } from '../../src/document/document.ts';
import { parseJson } from '../../src/document/json-parser.ts';
import { State } from '../../src/embedded/state.ts';

const shapes = {
  empty: () => ({}),
  user: (n) => ({
    username: `user${n}`,
    email: `user${n}@example.com`,
    level: n % 100,
    active: n % 2 === 0,
    tags: ['a', 'b', `c${n}`],
    address: { city: 'Kyiv', street: `Street ${n}`, zip: `${10_000 + n}` },
    score: n * 1.5,
    bio: 'x'.repeat(150),
  }),
  'empty objects': () => ({ list: Array.from({ length: 100 }, () => ({})) }),
  'empty lists': () => ({ list: Array.from({ length: 100 }, () => []) }),
  integers: (n) => ({ list: Array.from({ length: 100 }, (_, k) => k + n) }),
  doubles: (n) => ({ list: Array.from({ length: 100 }, (_, k) => k + n + 0.5) }),
  'long text': (n) => ({ text: `y${n}`.repeat(500) }),
  Cyrillic: (n) => ({ text: `ж${n}`.repeat(200), words: Array.from({ length: 20 }, (_, k) => `слово${k}${n}`) }),
  'many keys': () => Object.fromEntries(Array.from({ length: 60 }, (_, k) => [`key${k}`, k])),
  nested: (n) => Array.from({ length: 20 }).reduce((inner) => ({ a: inner }), { n }),
  'short texts': (n) => ({ list: Array.from({ length: 100 }, (_, k) => `s${k}_${n}`) }),
};

const count = 4_000;
const heapBytes = () => {
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
};
const results = {};
for (const [name, shape] of Object.entries(shapes)) {
  const texts = Array.from({ length: count }, (_, n) => JSON.stringify(shape(n)));
  const state = new State();
  const before = heapBytes();
  texts.forEach((text, n) => {
    const document = {
      id: randomUUID(),
      table: defaultTable,
      tableNamed: false,
      name: defaultTable.name,
      body: parseJson(text),
      bodyHash: hash('sha256', text),
      version: 1,
      createdAt: Date.now(),
      updatedAt: null,
      archivedAt: null,
      sequence: n + 1,
      createdSequence: n + 1,
      previousSequence: 0,
    };
    const records = [{ kind: 'putDocument', document }];
    state.apply({ sequence: n + 1, committedAt: 0, principal: '', idempotencyKey: null, requestDigest: null, records });
  });
  results[name] = { heap: Math.round((heapBytes() - before) / count), counted: Math.round(state.bytes / count) };
}
process.stdout.write(JSON.stringify(results));
