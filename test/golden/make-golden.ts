import { writeFileSync } from 'node:fs';
import type { Operation } from '../../src/database/operation.ts';
import { anonymous } from '../../src/database/principal.ts';
import { formatVersion } from '../../src/embedded/log/file-header.ts';
import { documentId } from '../embedded/log/log-fixture.ts';
import { SimulatedFileSystem } from '../fault/simulated-file-system.ts';
import { bodyOf, filesOf, type GoldenDatabase, openGolden, shownBy } from './golden-database.ts';

/**
 * Makes the golden files of the format's version as it is now: `npm run fix:golden`. Those of a version that was released are never made
 * again; they are what shows that it can still be read.
 */
const id = documentId;
const lives: readonly (readonly (readonly Operation[])[])[] = [
  [
    [{ kind: 'create', id: id(1), body: bodyOf('{"n":1}') }],
    [
      { kind: 'create', id: id(2), table: 'people', name: 'Ada', body: bodyOf('{"text":"ä𝄞\\n\\"\\u0000","":[]}') },
      {
        kind: 'create',
        id: id(3),
        table: '__proto__',
        body: bodyOf('{"__proto__":{"a":null},"constructor":[true,{}]}'),
      },
    ],
    [{ kind: 'update', id: id(1), version: 1, body: bodyOf('{"big":12345678901234567890,"small":-0.5e-7}') }],
    [{ kind: 'archive', id: id(3) }],
  ],
  [
    [{ kind: 'create', body: bodyOf(`{"long":"${'x'.repeat(800)}"}`) }],
    [
      { kind: 'restore', id: id(3) },
      { kind: 'archive', id: id(2), version: 1 },
    ],
    [{ kind: 'update', id: id(1), version: 2, body: bodyOf('{}') }],
    [{ kind: 'create', id: id(4), table: 'people', body: bodyOf('{"list":[1,[2,[3]]]}') }],
  ],
];

async function make(how: 'stopped' | 'killed'): Promise<void> {
  let fileSystem = new SimulatedFileSystem();
  for (const [life, commits] of lives.entries()) {
    const database = await openGolden(fileSystem, life + 1);
    for (const operations of commits) await database.commit(anonymous, operations);
    if (how === 'stopped' || life === 0) await database.close();
    fileSystem = fileSystem.killProcess();
  }
  if (how === 'killed') {
    const newest = fileSystem.names('/data/log').filter((name) => name.endsWith('.log'));
    const path = `/data/log/${newest.at(-1)}`;
    fileSystem.replaceBytes(path, Buffer.concat([fileSystem.readBytes(path), Buffer.from('a write that was torn')]));
  }
  const files = filesOf(fileSystem);
  const { sequence, documents, recovery } = await shownBy(await openGolden(fileSystem));
  const { truncatedBytes, clean } = recovery;
  const golden: GoldenDatabase = { formatVersion, how, sequence, truncatedBytes, clean, documents, files };
  const path = new URL(`format-${formatVersion}-${how}.json`, import.meta.url);
  writeFileSync(path, `${JSON.stringify(golden, undefined, 2)}\n`);
}

await make('stopped');
await make('killed');
