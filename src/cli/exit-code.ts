/** What the process ends with, and what that means. A public contract: service managers and scripts rely on the numbers. */
export const exitCodes = {
  clean: 0,
  usage: 1,
  locked: 2,
  corruption: 3,
  diskFailed: 4,
  portTaken: 5,
  noServer: 6,
  refusedSome: 7,
  bug: 70,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** One line each, for the help; a test compares the guide for operators with them. */
export const exitCodeMeanings: ReadonlyMap<ExitCode, string> = new Map([
  [exitCodes.clean, 'Done. Of the server: stopped as asked; everything acknowledged is on disk.'],
  [exitCodes.usage, 'A flag, a setting or the data directory cannot be used as given.'],
  [exitCodes.locked, 'Another process has the data directory open.'],
  [exitCodes.corruption, 'The data is damaged; nothing of it was changed or served.'],
  [exitCodes.diskFailed, 'The disk failed, or has no room to start on.'],
  [exitCodes.portTaken, 'Another program listens on the port.'],
  [exitCodes.noServer, 'Of a command that needs a server: it cannot be reached, refused, or broke off.'],
  [exitCodes.refusedSome, 'Of an import: some items were refused; all others are imported.'],
  [exitCodes.bug, 'A bug; standard error says what happened.'],
]);
