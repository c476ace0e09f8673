import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { anonymous } from '../../src/database/principal.ts';
import { formatVersion } from '../../src/embedded/log/file-header.ts';
import { diskOf, type GoldenDatabase, openGolden, shownBy } from './golden-database.ts';

const names = readdirSync(new URL('.', import.meta.url)).filter((name) => name.endsWith('.json'));

function read(name: string): GoldenDatabase {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'));
}

test('there are golden files of the format as it is now', () => {
  for (const how of ['stopped', 'killed']) expect(names).toContain(`format-${formatVersion}-${how}.json`);
});

// When these fail while the version is not released yet, remake the files: npm run fix:golden.
test.each(names)('%s opens with exactly what was in it, and takes writes', async (name) => {
  const golden = read(name);
  const fileSystem = await diskOf(golden);
  const database = await openGolden(fileSystem, 5);
  const { recovery, ...shown } = await shownBy(database);
  expect(shown).toEqual({ sequence: golden.sequence, documents: golden.documents });
  expect(recovery).toMatchObject({ truncatedBytes: golden.truncatedBytes, clean: golden.clean });
  expect(golden.documents.length).toBeGreaterThan(3);
  for (const { id } of golden.documents) {
    expect(database.getDocument(anonymous, id, 'INCLUDE')?.id).toBe(id);
  }

  const { sequence } = await database.commit(anonymous, [{ kind: 'create', body: { after: true } }]);
  expect(sequence).toBe(golden.sequence + 1);
  await database.close();
  const again = await shownBy(await openGolden(fileSystem, 6));
  expect(again.documents.slice(0, -1)).toEqual(golden.documents);
  expect(again.documents.at(-1)?.body).toBe('{"after":true}');
});
