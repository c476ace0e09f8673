/**
 * What a snapshot is kept for. A `snapshot` makes the next start short; the two newest are kept. The `base` is the floor of history: the log
 * begins behind it, and only pruning makes or removes one.
 */
export type SnapshotRole = 'snapshot' | 'base';

export interface SnapshotName {
  readonly name: string;
  readonly role: SnapshotRole;
  readonly sequence: number;
}

/** Below the data directory. */
export const snapshotDirectoryName = 'snapshots';

const sequenceDigits = 20;
const knownName = /^(\d{20})\.(snapshot|base)$/;
const anySnapshotName = /\.(?:snapshot|base)$/;

export function snapshotFileName(sequence: number, role: SnapshotRole): string {
  return `${String(sequence).padStart(sequenceDigits, '0')}.${role}`;
}

/** All snapshots among the names of `snapshots/`, oldest first, and the first name that ends like theirs and is of no known form. */
export function snapshotNames(names: readonly string[]): {
  readonly snapshots: readonly SnapshotName[];
  readonly unknown: string | undefined;
} {
  const snapshots: SnapshotName[] = [];
  let unknown: string | undefined;
  for (const name of names.filter((candidate) => anySnapshotName.test(candidate)).sort()) {
    const [, digits, role] = knownName.exec(name) ?? [];
    const sequence = Number(digits);
    if (Number.isSafeInteger(sequence)) {
      snapshots.push({ name, sequence, role: role === 'base' ? 'base' : 'snapshot' });
    } else {
      unknown ??= name;
    }
  }
  return { snapshots, unknown };
}

/** The newest base: the floor of history. Undefined when the log goes back to the first commit. */
export function baseOf(snapshots: readonly SnapshotName[]): SnapshotName | undefined {
  return snapshots.findLast(({ role }) => role === 'base');
}
