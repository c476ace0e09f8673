import { expect, test } from 'vitest';
import { anonymous } from '../../src/database/principal.ts';
import { parseDocumentId } from '../../src/document/document-id.ts';
import { openEmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { documentsOf } from '../embedded/snapshot/database-fixture.ts';
import { SeededRandom } from './seeded-random.ts';
import { SimulatedFileSystem } from './simulated-file-system.ts';

const paths = ['../../evil', '/evil', '..', '.', 'log/newest', '..\\evil', 'a\0b', '%2e%2e%2fevil', '~/evil'];

test('path traversal in ids and names: plain data or refused, never a path', async () => {
  const fileSystem = new SimulatedFileSystem();
  const directory = '/some/where/data';
  const options = { directory, fileSystem, random: new SeededRandom(1), limits: { segmentBytesMax: 1000 } };
  const database = await openEmbeddedDatabase(options);
  for (const path of paths) {
    expect(() => parseDocumentId(path, 'id')).toThrow('UUID');
    const { documents } = await database.commit(anonymous, [
      { kind: 'create', table: path, name: path, body: { path } },
    ]);
    expect(documents).toMatchObject([{ table: { name: path }, name: path }]);
  }
  const [first] = await documentsOf(database);
  await database.takeSnapshot();
  await database.commit(anonymous, [{ kind: 'erase', id: first?.id ?? '', version: 1 }]);
  await database.eraseOnDisk();
  await database.close();
  const ours = /^\/some\/where\/data\/(lock|log\/(newest|erased|\d{20}\.(log|index))|snapshots\/\d{20}\.snapshot)$/;
  expect(Object.keys(fileSystem.contents()).filter((path) => !ours.test(path))).toEqual([]);
  const reopened = await openEmbeddedDatabase(options);
  expect((await documentsOf(reopened)).map(({ name }) => name)).toEqual(paths.slice(1));
  await reopened.close();
});
