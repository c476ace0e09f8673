import type { UserAndGroup } from '../settings/operation-settings.ts';
import { handOverDirectory } from './data-directory.ts';

/**
 * When the process is root: hands the data directory to the user and becomes it, for good. Otherwise nothing happens.
 * It comes before anything is opened, so that no file is made by root and no descriptor outlives root's rights.
 */
export function leaveRoot(runAs: UserAndGroup | null, dataDirectory: string): void {
  if (runAs === null || process.getuid?.() !== 0) return;
  handOverDirectory(dataDirectory, runAs);
  // The group first: once the user is given up, so is the right to change the group.
  process.setgroups?.([runAs.group]);
  process.setgid?.(runAs.group);
  process.setuid?.(runAs.user);
}
