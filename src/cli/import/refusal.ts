import type { Buffer } from 'node:buffer';

/** An item that does not become a document, and why. */
export interface Refusal {
  readonly line: number;
  /** As it stands in the input. */
  readonly text: Buffer;
  readonly code: string;
  /** Where in the item, in the grammar of paths; null for all of it, or where the reason says it. */
  readonly path: string | null;
  readonly reason: string;
}
