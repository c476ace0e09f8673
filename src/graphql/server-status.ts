import type { DatabaseStatus, HistoryStatus, IndexBuild, RecoveryReport, SnapshotStatus } from '../database/status.ts';
import type { YaradbSchemaBuilder } from './schema-builder.ts';

interface ServerStatus extends DatabaseStatus {
  readonly version: string;
  readonly uptimeSeconds: number;
}

/** Adds `ServerStatus` and the field that asks for it. */
export function addServerStatus(builder: YaradbSchemaBuilder): void {
  const durability = builder.enumType('Durability', {
    description: 'When a commit is acknowledged.',
    values: {
      SYNC: { value: 'sync', description: 'It is on disk by then.' },
      INTERVAL: {
        value: 'interval',
        description:
          'Bounded loss: it is written, but not yet synced to the disk. A power cut or a crash of the machine may lose what was ' +
          'acknowledged in the last `syncIntervalMs` milliseconds; the end of the process loses nothing.',
      },
    } as const,
  });

  const writes = builder.enumType('WriteState', {
    description: 'What becomes of writes now.',
    values: {
      ACCEPTED: { value: 'accepted' },
      STALLED: { value: 'stalled', description: 'They wait for a disk that has not answered for long.' },
      STORAGE_FULL: { value: 'storageFull', description: 'The last one found no room on the disk.' },
      MEMORY_FULL: { value: 'memoryFull', description: 'Creates and updates are refused until there is room.' },
      FAILED: { value: 'failed', description: 'The disk failed: nothing is written any more, and the server stops.' },
    } as const,
  });

  const snapshot = builder.objectRef<SnapshotStatus>('Snapshot').implement({
    description: 'A file that holds everything as of one commit, and makes a start short.',
    fields: (t) => ({
      sequence: t.expose('sequence', { type: 'Sequence', description: 'The newest commit in it.' }),
      createdAt: t.expose('createdAt', { type: 'DateTime' }),
      documents: t.expose('documents', { type: 'SafeInt' }),
      bytes: t.expose('bytes', { type: 'SafeInt' }),
    }),
  });

  const history = builder.objectRef<HistoryStatus>('History').implement({
    description: 'What is kept of the past.',
    fields: (t) => ({
      oldest: t.expose('oldest', { type: 'Sequence', description: 'The lowest sequence whose state is still kept.' }),
      bytes: t.expose('bytes', { type: 'SafeInt', description: 'Of the log that holds it.' }),
      erasedOnDiskUpTo: t.expose('erasedOnDiskUpTo', {
        type: 'Sequence',
        description: 'What was erased by commits up to this one is in no file any more.',
      }),
    }),
  });

  const recovery = builder.objectRef<RecoveryReport>('RecoveryReport').implement({
    description: 'What the engine did to bring the database back when it was opened.',
    fields: (t) => ({
      snapshot: t.expose('snapshot', {
        type: snapshot,
        nullable: true,
        description: 'What it began with. Null when every commit was read.',
      }),
      damagedSnapshots: t.exposeStringList('damagedSnapshots', {
        description:
          'Names of snapshot files that were found damaged and left as they are. Others served in their place.',
      }),
      segments: t.expose('segments', { type: 'SafeInt', description: 'Of the log, behind the snapshot.' }),
      frames: t.expose('frames', { type: 'SafeInt' }),
      commits: t.expose('commits', { type: 'SafeInt' }),
      bytes: t.expose('bytes', { type: 'SafeInt' }),
      truncatedBytes: t.expose('truncatedBytes', {
        type: 'SafeInt',
        description:
          'A torn end of the log that was set aside. No acknowledged commit is in it, unless `epochBegun` tells otherwise.',
      }),
      milliseconds: t.field({ type: 'SafeInt', resolve: ({ milliseconds }) => Math.round(milliseconds) }),
      clean: t.exposeBoolean('clean', { description: 'Whether the server had been stopped cleanly.' }),
      epochBegun: t.exposeBoolean('epochBegun', {
        description:
          'Whether a new epoch began, because the server had not been stopped cleanly at durability INTERVAL: acknowledged commits ' +
          'may be lost, and their sequences be given again.',
      }),
    }),
  });

  const indexBuild = builder.objectRef<IndexBuild>('IndexBuild').implement({
    description: 'How far the filling of an index is.',
    fields: (t) => ({
      table: t.exposeString('table'),
      paths: t.exposeStringList('paths'),
      filled: t.expose('filled', { type: 'SafeInt', description: 'Documents that are in it so far.' }),
      documents: t.expose('documents', { type: 'SafeInt', description: 'Documents that it will have, about.' }),
    }),
  });

  const status = builder.objectRef<ServerStatus>('ServerStatus').implement({
    fields: (t) => ({
      version: t.exposeString('version', { description: 'Of the server.' }),
      engine: t.exposeString('engine'),
      epoch: t.exposeID('epoch', { description: 'Sequences mean something within one epoch only.' }),
      sequence: t.expose('sequence', { type: 'Sequence', description: 'The newest commit that this query sees.' }),
      documents: t.expose('documents', { type: 'SafeInt', description: 'Archived ones included.' }),
      uptimeSeconds: t.expose('uptimeSeconds', { type: 'SafeInt' }),
      durability: t.expose('durability', { type: durability }),
      syncIntervalMs: t.expose('syncIntervalMs', {
        type: 'SafeInt',
        nullable: true,
        description: 'Null unless the durability is INTERVAL.',
      }),
      writes: t.expose('writes', { type: writes }),
      memoryBytes: t.field({
        type: 'SafeInt',
        description: 'About what the documents take in memory, those included that are kept for whoever is reading.',
        resolve: ({ memory }) => memory.bytes,
      }),
      memoryBytesMax: t.field({
        type: 'SafeInt',
        nullable: true,
        description: 'Beyond it, creates and updates are refused with MEMORY_FULL. Null when there is no limit.',
        resolve: ({ memory }) => memory.bytesMax,
      }),
      recovery: t.expose('recovery', { type: recovery }),
      snapshot: t.expose('snapshot', {
        type: snapshot,
        nullable: true,
        description: 'The newest. Null before the first.',
      }),
      history: t.expose('history', { type: history }),
      indexBuilds: t.expose('indexBuilds', { type: [indexBuild], description: 'Indexes that are being filled.' }),
    }),
  });

  builder.queryField('status', (t) =>
    t.field({
      type: status,
      resolve: async (_root, _args, context) => {
        const { version, uptimeSeconds } = context.services;
        // The view goes first, and tells the sequence, so that it is the one that the query's other fields see.
        const [view, database] = await Promise.all([context.view(), context.status()]);
        return { ...database, sequence: view.sequence, version, uptimeSeconds: uptimeSeconds() };
      },
    }),
  );
}
