/** An archive that is no backup as yaradb makes them, or a damaged one. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError';
}
