import type { Problem } from '../embedded/maintenance/problem.ts';

/** A problem as one line: where it is, the first commit in doubt, and what is wrong. */
export function problemLine({ file, offset, sequence, reason }: Problem): string {
  const commit = sequence === null ? '' : `, at commit ${sequence}`;
  return `${file}, offset ${offset}${commit}: ${reason}`;
}
