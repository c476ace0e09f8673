/** What happens to the history on disk and is worth a line for whoever runs the server. */
export type HistoryEvent =
  | {
      /** The floor was raised. */
      readonly kind: 'historyPruned';
      /** The new floor. */
      readonly oldest: number;
      readonly segments: number;
      readonly bytes: number;
    }
  | {
      /** Erased documents left the disk. */
      readonly kind: 'erasedOnDisk';
      /** Erasures up to this sequence have been carried out. */
      readonly upTo: number;
      /** Files that were written again. */
      readonly files: number;
    }
  /** Background work failed; it is tried again when the next segment is sealed or the next snapshot taken. */
  | { readonly kind: 'historyFailed'; readonly task: HistoryTask; readonly cause: unknown }
  /** What a repeated request was answered could not be read: it was told that it was carried out, and no more. */
  | { readonly kind: 'replayUnreadable'; readonly sequence: number; readonly cause: unknown }
  /** An old version, with which a conflict was to be explained, could not be read: it was told without. */
  | { readonly kind: 'oldVersionUnreadable'; readonly id: string; readonly version: number; readonly cause: unknown };

export type HistoryTask = 'remove' | 'index' | 'prune' | 'erase';
