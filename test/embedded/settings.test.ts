import { expect, test } from 'vitest';
import { anonymous } from '../../src/database/principal.ts';
import { openEmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { SimulatedFileSystem } from '../fault/simulated-file-system.ts';

test('settings are found by the beginning of their names, also after a restart from log and snapshot', async () => {
  const fileSystem = new SimulatedFileSystem();
  const open = () => openEmbeddedDatabase({ directory: '/data', fileSystem });
  const settings = [
    { name: 'accessToken/a', value: { n: 1 } },
    { name: 'accessToken/b', value: { n: 12345678901234567890n } },
    { name: 'other', value: [] },
  ];
  const before = await open();
  const removed = { name: 'accessToken/removed', value: {} };
  await before.putSettings(anonymous, [...settings, removed]);
  await before.putSettings(anonymous, [
    { name: 'accessToken/a', value: { n: 2 } },
    { ...removed, value: null },
  ]);
  const expected = [{ name: 'accessToken/a', value: { n: 2 } }, settings[1]];
  for (const snapshotTaken of [false, true]) {
    const database = snapshotTaken ? await open() : before;
    const found = await database.settings(anonymous, 'accessToken/');
    expect(found.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toMatchObject(expected);
    expect(await database.settings(anonymous, '')).toHaveLength(3);
    expect(await database.settings(anonymous, 'z')).toEqual([]);
    if (!snapshotTaken) await database.takeSnapshot();
    await database.close();
  }
});
