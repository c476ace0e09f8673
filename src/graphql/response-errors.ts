import type { GraphQLError } from 'graphql';

/** A place in a response: a field, or an element of a list, and where that is in. A place has one object that stands for it. */
export interface ResponsePath {
  readonly key: string | number;
  /** Undefined at the root. */
  readonly previous: ResponsePath | undefined;
}

/** From the root on, as `path` of an error tells it. */
export function pathKeys(path: ResponsePath): (string | number)[] {
  const keys: (string | number)[] = [];
  for (let at: ResponsePath | undefined = path; at !== undefined; at = at.previous) keys.push(at.key);
  return keys.reverse();
}

/**
 * The errors of one execution. GraphQL, section 6.4.4: what is wrong below a place that an error has nulled is not told: there is nothing left
 * that it could be about.
 */
export class ResponseErrors {
  readonly #errors: GraphQLError[] = [];
  /** Where the errors have put null; undefined stands for `data` itself. Made for the first. */
  #nulled: Set<ResponsePath | undefined> | undefined;

  /**
   * @param path the place that becomes null for it; undefined when that is `data`.
   * @param isLeaf whether nothing can be below that place. Thousands of such are not kept in mind in vain: now and then a set that grows takes long to.
   */
  add(error: GraphQLError, path: ResponsePath | undefined, isLeaf: boolean): void {
    const nulled = this.#nulled;
    if (nulled !== undefined) {
      if (nulled.has(undefined)) return;
      for (let at = path; at !== undefined; at = at.previous) {
        if (nulled.has(at)) return;
      }
    }
    if (!isLeaf) {
      this.#nulled ??= new Set();
      this.#nulled.add(path);
    }
    this.#errors.push(error);
  }

  /** What was told so far. Later errors change nothing about it. */
  take(): readonly GraphQLError[] {
    return this.#errors.slice();
  }
}
