import { expect, test } from 'vitest';
import { anonymous } from '../../src/database/principal.ts';
import { openEmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import {
  FrameSalt,
  frameHeaderBytes,
  frameKinds,
  isFrameHeader,
  writeFrameHeader,
} from '../../src/embedded/log/frame.ts';
import { dataDirectory, documentId, logDirectory, stillClock } from '../embedded/log/log-fixture.ts';
import { SeededRandom } from './seeded-random.ts';
import { SimulatedFileSystem } from './simulated-file-system.ts';

const segment = `${logDirectory}/00000000000000000001.log`;
/** Bytes that are text, so that a document can hold the mark of its segment: worse than any client can do, who cannot know it. */
const textRandom = { bytes: (size: number) => Uint8Array.from({ length: size }, (_, index) => 0x41 + (index % 26)) };
const salt = new FrameSalt(textRandom.bytes(16));

function open(fileSystem: SimulatedFileSystem) {
  return openEmbeddedDatabase({ directory: dataDirectory, fileSystem, clock: stillClock, random: textRandom });
}

/** A frame that is valid at `offset` of the segment, and text: its link is tried out until the checksums have no byte over 127. */
function frameAsText(offset: number): string {
  const random = new SeededRandom(offset);
  for (;;) {
    const link = Buffer.from(Array.from({ length: 32 }, () => 0x20 + random.below(0x5f)));
    const payload = Array.from({ length: 16 }, () => 0x20 + random.below(0x5f));
    const frame = Buffer.concat([Buffer.alloc(frameHeaderBytes), Buffer.from(payload)]);
    const fields = { kind: frameKinds.commits, firstSequence: 2, commitCount: 1, unsyncedBytes: 0, link };
    writeFrameHeader(frame, offset, salt, fields);
    if (frame.every((byte) => byte < 0x80)) return frame.toString('latin1');
  }
}

/** A database with two documents, the second of them named with the text. Names stand in the log as they are. */
async function databaseWithName(name: string): Promise<SimulatedFileSystem> {
  const fileSystem = new SimulatedFileSystem();
  const database = await open(fileSystem);
  await database.commit(anonymous, [{ kind: 'create', id: documentId(1), body: { n: 1 } }]);
  await database.commit(anonymous, [{ kind: 'create', id: documentId(2), name, body: { n: 2 } }]);
  return fileSystem.killProcess();
}

async function namesAfterOpening(fileSystem: SimulatedFileSystem): Promise<(string | undefined)[]> {
  const database = await open(fileSystem);
  return [1, 2].map((number) => {
    const found = database.getDocument(anonymous, documentId(number));
    return found?.name;
  });
}

test('a document whose bytes are a valid frame: plain data, whole or torn', async () => {
  const length = frameAsText(1000).length;
  const nameAt = (await databaseWithName('#'.repeat(length))).readBytes(segment).indexOf('#'.repeat(length));
  // Valid at another place of its segment, as a copy of an older frame would be; and, knowing everything, at its own.
  for (const validAt of [1000, nameAt]) {
    const name = frameAsText(validAt);
    const fileSystem = await databaseWithName(name);
    const bytes = fileSystem.readBytes(segment);
    expect(bytes.indexOf(Buffer.from(name, 'latin1'))).toBe(nameAt);
    expect(isFrameHeader(bytes, nameAt, salt)).toBe(validAt === nameAt);
    expect(await namesAfterOpening(fileSystem.copy())).toEqual(['default', name]);
    if (validAt === nameAt) continue;
    for (let cut = nameAt + length; cut < bytes.length; cut += 1) {
      const torn = fileSystem.copy();
      torn.replaceBytes(segment, bytes.subarray(0, cut));
      expect(await namesAfterOpening(torn), `cut at ${cut}`).toEqual(['default', undefined]);
    }
  }
});
