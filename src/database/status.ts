export interface DatabaseStatus {
  /** The kind of engine: `embedded`. */
  readonly engine: string;
  /** A UUID. A sequence means something within one epoch only. */
  readonly epoch: string;
  /** The newest commit that readers see; 0 before the first. */
  readonly sequence: number;
  /** Documents that are not erased, archived ones included. */
  readonly documents: number;
  /** When a commit is acknowledged: `sync` means that it is on disk by then. */
  readonly durability: Durability;
  readonly recovery: RecoveryReport;
}

export type Durability = 'sync';

/** What the engine did to bring the database back when it opened it. */
export interface RecoveryReport {
  readonly segments: number;
  readonly frames: number;
  readonly commits: number;
  readonly bytes: number;
  /** Bytes of a torn write at the end of the log that were set aside and cut off; no acknowledged commit is among them. */
  readonly truncatedBytes: number;
  readonly milliseconds: number;
  /** Whether the log ended with the mark of a clean stop, or was empty. */
  readonly clean: boolean;
}
