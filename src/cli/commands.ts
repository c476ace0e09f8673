import type { Command } from './command.ts';

/** A command as the list of them has it. Its own file is loaded only when it is run. */
export interface CommandEntry {
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

/** Everything besides `serve`, which runs without a name, too. */
export const commands: ReadonlyMap<string, CommandEntry> = new Map([
  [
    'backup',
    {
      summary: 'Back a running server up, to a directory or one archive file.',
      load: async () => (await import('./backup.ts')).backupCommand,
    },
  ],
  [
    'token',
    {
      summary: 'Make, list and revoke the tokens that requests have to show.',
      load: async () => (await import('./token.ts')).tokenCommand,
    },
  ],
  [
    'snapshot',
    {
      summary: 'Have a running server take a snapshot, so that its next start is short.',
      load: async () => (await import('./snapshot.ts')).snapshotCommand,
    },
  ],
  [
    'compact',
    {
      summary: 'Have a running server take what was erased out of its files.',
      load: async () => (await import('./compact.ts')).compactCommand,
    },
  ],
  [
    'verify',
    {
      summary: 'Check every byte of a data directory that no server has open.',
      load: async () => (await import('./verify.ts')).verifyCommand,
    },
  ],
  [
    'log',
    {
      summary: 'Print what the log of a data directory holds, commit by commit.',
      load: async () => (await import('./log.ts')).logCommand,
    },
  ],
  [
    'repair',
    {
      summary: 'Cut a damaged log down to what is whole. Loses data, so only on request.',
      load: async () => (await import('./repair.ts')).repairCommand,
    },
  ],
  [
    'restore',
    {
      summary: 'Make a data directory of a backup, as it was at its end or earlier.',
      load: async () => (await import('./restore.ts')).restoreCommand,
    },
  ],
  [
    'import',
    {
      summary: 'Import documents from a file, or the data directory of the Python YaraDB.',
      load: async () => (await import('./import/import.ts')).importCommand,
    },
  ],
  [
    'export',
    {
      summary: 'Export documents to a file: NDJSON, JSON or CSV.',
      load: async () => (await import('./export/export.ts')).exportCommand,
    },
  ],
]);
