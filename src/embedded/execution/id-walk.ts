import type { Document } from '../../document/document.ts';
import type { VisibleDocuments } from './visible-documents.ts';
import type { Walk } from './walk.ts';

/** The documents of some ids. */
export class IdWalk implements Walk {
  readonly #ids: ReadonlySet<string>;
  readonly #remaining: Iterator<string>;
  readonly #visible: VisibleDocuments;
  readonly skipped = 0;
  readonly isFitting = false;

  constructor(ids: ReadonlySet<string>, visible: VisibleDocuments) {
    this.#ids = ids;
    this.#remaining = ids.values();
    this.#visible = visible;
  }

  resume(): void {}

  next(): Document | null | undefined {
    const { done, value } = this.#remaining.next();
    return done === true ? undefined : (this.#visible.document(value) ?? null);
  }

  covers({ id }: Document): boolean {
    return this.#ids.has(id);
  }
}
