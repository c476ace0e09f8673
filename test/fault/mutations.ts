/** One thing that durability rests on, and how to take it out of the code. */
export interface Mutation {
  /** What is taken away. */
  readonly removed: string;
  readonly file: string;
  /** Must stand in the file exactly once: when the code has moved on, the proof must too. */
  readonly text: string;
  readonly replacement: string;
}

export const mutations: readonly Mutation[] = [
  {
    removed: 'file sync: of a frame',
    file: 'src/embedded/log/segment-writer.ts',
    text: '    await this.#file.datasync();\n',
    replacement: '',
  },
  {
    removed: 'file sync: of a new file, before its rename',
    file: 'src/embedded/log/durable-file.ts',
    text: '    await file.sync();\n',
    replacement: '',
  },
  {
    removed: 'file sync: of the last frame, written again by recovery',
    file: 'src/embedded/log/repair.ts',
    text: 'writeFully(file, lastFrames, newest.syncedTo));\n    await file.sync();\n',
    replacement: 'writeFully(file, lastFrames, newest.syncedTo));\n',
  },
  {
    removed: 'writing the last frame again after an unclean stop',
    file: 'src/embedded/log/repair.ts',
    text: '    await refusingNoSpace(newestPath, () => writeFully(file, lastFrames, newest.syncedTo));\n',
    replacement: '',
  },
  {
    removed: 'directory sync: after a rename',
    file: 'src/embedded/log/durable-file.ts',
    text: '    await fileSystem.syncDirectory(directory);\n',
    replacement: '',
  },
  {
    removed: 'directory sync: of the parent of a new directory',
    file: 'src/embedded/ports/durable-directory.ts',
    text: '    await fileSystem.syncDirectory(dirname(path));\n',
    replacement: '',
  },
  {
    removed: 'checksum comparison: header of a frame',
    file: 'src/embedded/log/frame.ts',
    text: 'return checksum === segment.readUInt32LE(offset + checksumAt);',
    replacement: 'return checksum >= 0;',
  },
  {
    removed: 'checksum comparison: payload of a frame',
    file: 'src/embedded/log/frame.ts',
    text: 'return checksum === header.payloadChecksum;',
    replacement: 'return checksum === checksum;',
  },
  {
    removed: 'checksum comparison: header of a segment',
    file: 'src/embedded/log/file-header.ts',
    text: 'if (crc32(bytes.subarray(0, checksumAt)) !== bytes.readUInt32LE(checksumAt)) {',
    replacement: 'if (crc32(bytes.subarray(0, checksumAt)) < 0) {',
  },
  {
    removed: 'comparison of the links between frames',
    file: 'src/embedded/log/segment-reader.ts',
    text: "    if (!link.equals(frame.link)) throw new MalformedError('the link to the frame before does not hold');\n",
    replacement: '',
  },
  {
    removed: 'seal check: a segment holds the seal of the one before',
    file: 'src/embedded/log/recovery.ts',
    text: 'if (before.seal !== null && !Buffer.from(before.seal).equals(header.previousSeal)) {',
    replacement: 'if (before.seal !== null && before.seal.length === 0) {',
  },
  {
    removed: 'apply after durable: applied, and seen, while the write is under way',
    file: 'src/embedded/commit-queue.ts',
    text: '      await this.#options.writer.append(group.map(({ commit }) => commit));\n',
    replacement:
      '      const writing = this.#options.writer.append(group.map(({ commit }) => commit));\n' +
      '      for (const one of group) { one.apply(); (one as { apply: () => void }).apply = () => {}; }\n' +
      '      await writing;\n',
  },
  {
    removed: 'apply after durable: acknowledged while the write is under way',
    file: 'src/embedded/commit-queue.ts',
    text: '      await this.#options.writer.append(group.map(({ commit }) => commit));\n',
    replacement:
      '      const writing = this.#options.writer.append(group.map(({ commit }) => commit));\n' +
      '      for (const { resolve } of group) resolve();\n' +
      '      await writing;\n',
  },
  {
    removed: 'a rejection decided by a commit under way is told once that is durable',
    file: 'src/embedded/committer.ts',
    text: 'return { error, settled: this.#whatWasRead };',
    replacement: 'return { error, settled: undefined };',
  },
];
