/** The names of the files in `log/`. */
export const newestFileName = 'newest';
export const temporarySuffix = '.tmp';

const sequenceDigits = 20;
const offsetDigits = 12;
const segmentSuffix = '.log';
const segmentName = /^\d{20}\.log$/;
const tornName = /^torn-\d{20}-\d{12,}-[0-9a-f]{8}$/;

export function segmentFileName(firstSequence: number): string {
  return `${String(firstSequence).padStart(sequenceDigits, '0')}${segmentSuffix}`;
}

/** Of the name of a segment. */
export function firstSequenceOf(name: string): number {
  return Number(name.slice(0, sequenceDigits));
}

/** The names of all segments, oldest first, and the first of them that is of no known form. */
export function segmentNames(names: readonly string[]): {
  readonly segments: string[];
  readonly unknown: string | undefined;
} {
  const candidates = names.filter((name) => name.endsWith(segmentSuffix)).sort();
  return { segments: candidates, unknown: candidates.find((name) => !segmentName.test(name)) };
}

/** The checksum keeps two torn tails at one offset apart, and makes setting the same one aside again change nothing. */
export function tornFileName(firstSequence: number, offset: number, checksum: number): string {
  const segment = String(firstSequence).padStart(sequenceDigits, '0');
  const digits = checksum.toString(16).padStart(8, '0');
  return `torn-${segment}-${String(offset).padStart(offsetDigits, '0')}-${digits}`;
}

/** The names of all torn tails that were kept, oldest place in the log first. */
export function tornNames(names: readonly string[]): string[] {
  return names.filter((name) => tornName.test(name)).sort();
}
