/** What happens in a log and is worth a line for whoever runs the server. */
export type LogEvent =
  | { readonly kind: 'segmentStarted'; readonly file: string; readonly firstSequence: number }
  | { readonly kind: 'segmentSealed'; readonly file: string; readonly lastSequence: number }
  | {
      /** A recovery that takes long tells now and then how much of what it reads it has read. */
      readonly kind: 'recovering';
      readonly phase: 'snapshot' | 'log';
      readonly bytes: number;
      readonly bytesTotal: number;
      readonly milliseconds: number;
    }
  /** Recovery found a snapshot damaged, left it as it is, and did without. */
  | { readonly kind: 'snapshotDamaged'; readonly file: string; readonly reason: string }
  | {
      /** Recovery cut a torn tail off. `keptAs` is the file with its bytes; null when all of them were zero. */
      readonly kind: 'tailCut';
      readonly file: string;
      readonly offset: number;
      readonly bytes: number;
      readonly reason: string;
      readonly keptAs: string | null;
    }
  /** After an unclean stop at durability `interval`: commits that were acknowledged may be lost. */
  | {
      readonly kind: 'epochBegun';
      readonly epoch: string;
      readonly previousEpoch: string;
      readonly firstSequence: number;
    }
  /** There was no room for a frame; at an opening, for a new `newest`; at a clean stop, for the seal. The last two are then left out. */
  | { readonly kind: 'noSpace'; readonly file: string; readonly cause: unknown }
  /** The disk failed: nothing is written any more. */
  | { readonly kind: 'failed'; readonly cause: unknown };
