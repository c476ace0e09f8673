import type { SnapshotStatus } from '../../database/status.ts';
import type { SnapshotFooter, SnapshotHeader } from './snapshot-header.ts';

/** A snapshot as those who work with the file need it. */
export interface SnapshotInfo extends SnapshotStatus {
  readonly path: string;
  /** SHA-256 of its content, in hex: the same for the same state. */
  readonly digest: string;
}

export interface SnapshotFileParts {
  readonly path: string;
  readonly header: SnapshotHeader;
  readonly footer: SnapshotFooter;
  readonly bytes: number;
}

export function infoOf({ path, header, footer, bytes }: SnapshotFileParts): SnapshotInfo {
  const { sequence, createdAt } = header;
  return { sequence, createdAt, documents: footer.documents, bytes, path, digest: footer.digest };
}

/** What a client may know of it. */
export function statusOf({ sequence, createdAt, documents, bytes }: SnapshotInfo): SnapshotStatus {
  return { sequence, createdAt, documents, bytes };
}
