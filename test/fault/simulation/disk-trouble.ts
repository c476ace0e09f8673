import { systemErrorCode } from '../../../src/embedded/ports/file-system.ts';
import { DatabaseError } from '../../../src/errors.ts';

/** Whether an error says that the disk failed or is full, or that the database is being closed. */
export function isDiskTrouble(error: unknown): boolean {
  if (error instanceof DatabaseError) {
    return error.code === 'STORAGE_FULL' || error.code === 'OUTCOME_UNKNOWN' || error.code === 'OVERLOADED';
  }
  const code = systemErrorCode(error);
  return code === 'EIO' || code === 'ENOSPC';
}
