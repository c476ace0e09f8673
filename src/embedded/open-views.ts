import { DatabaseError } from '../errors.ts';
import { EmbeddedReadView, type ReadViewOptions } from './embedded-read-view.ts';
import type { PastMemory } from './history/past-memory.ts';
import type { Registry } from './registry.ts';

export interface OpenViewsOptions extends ReadViewOptions {
  /** Views open at once. */
  readonly viewsMax: number;
  /** What those of the past may hold, all of them together. */
  readonly pastMemory: PastMemory;
}

/** The read views of a database that are open. */
export class OpenViews {
  readonly #options: OpenViewsOptions;
  readonly #views: Registry<EmbeddedReadView>;

  /** @param views none yet. */
  constructor(options: OpenViewsOptions, views: Registry<EmbeddedReadView>) {
    this.#options = options;
    this.#views = views;
  }

  get size(): number {
    return this.#views.size;
  }

  /** @param sequence at or above the floor of history. @throws {DatabaseError} `OVERLOADED` when too many are open. */
  open(sequence: number): EmbeddedReadView {
    const { viewsMax, state, pastMemory } = this.#options;
    const views = this.#views;
    if (views.size >= viewsMax) {
      throw new DatabaseError('OVERLOADED', `${views.size} read views are open already: try again later`, {
        limit: viewsMax,
        retryAfterSeconds: 1,
      });
    }
    const past = sequence === state.sequence ? undefined : { sequence, share: pastMemory.share() };
    return new EmbeddedReadView(this.#options, { views, past });
  }

  closeAll(): void {
    this.#views.forEach((view) => {
      view.close();
    });
  }
}
