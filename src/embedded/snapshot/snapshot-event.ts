/** What happens to snapshots and is worth a line for whoever runs the server. */
export type SnapshotEvent =
  | {
      readonly kind: 'snapshotTaken';
      readonly file: string;
      readonly sequence: number;
      readonly documents: number;
      readonly bytes: number;
      readonly milliseconds: number;
    }
  /** The database goes on as it was; another one is tried when the log has grown further. */
  | { readonly kind: 'snapshotFailed'; readonly cause: unknown }
  /** One that is not needed any more could not be removed; that is tried again after the next. */
  | { readonly kind: 'snapshotNotRemoved'; readonly file: string; readonly cause: unknown };
