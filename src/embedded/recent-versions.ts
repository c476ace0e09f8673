import type { Document } from '../document/document.ts';
import type { SupersedeListener } from './state.ts';

/**
 * The versions that were superseded last, as many as fit into so many bytes: a write that conflicts was mostly based on one of them, and is
 * then told what has changed without a look at the disk. What is erased is forgotten at once.
 */
export class RecentVersions implements SupersedeListener {
  readonly #bytesMax: number;
  /** Oldest first. Of each document the newest ones without a gap, since older ones leave first. */
  readonly #versions = new Map<string, { readonly document: Document; readonly bytes: number }>();
  /** One iterator all along: a new one would pass over all that was deleted since the map was made anew, for each version again. */
  #oldest = this.#versions.keys();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** About what they take in memory, unless somebody else has them, too. */
  get bytes(): number {
    return this.#bytes;
  }

  get(id: string, version: number): Document | undefined {
    return this.#versions.get(keyOf(id, version))?.document;
  }

  supersede(previous: Document, bytes: number): void {
    if (bytes > this.#bytesMax) {
      this.erase(previous);
      return;
    }
    this.#versions.set(keyOf(previous.id, previous.version), { document: previous, bytes });
    this.#bytes += bytes;
    while (this.#bytes > this.#bytesMax) this.#deleteOldest();
  }

  /** Also of what is too large: a gap would keep the versions before it from being found, and forgotten. */
  erase(previous: Document): void {
    for (let version = previous.version - 1; this.#delete(keyOf(previous.id, version)); version -= 1);
  }

  #deleteOldest(): void {
    let oldest = this.#oldest.next();
    // Once it has come to the end an iterator stays there, whatever is put behind.
    if (oldest.done) {
      this.#oldest = this.#versions.keys();
      oldest = this.#oldest.next();
    }
    if (oldest.value !== undefined) this.#delete(oldest.value);
  }

  #delete(key: string): boolean {
    const kept = this.#versions.get(key);
    if (kept === undefined) return false;
    this.#bytes -= kept.bytes;
    return this.#versions.delete(key);
  }
}

function keyOf(id: string, version: number): string {
  return `${id} ${version}`;
}
