import type { Document } from '../document/document.ts';
import { KeptFactories } from './kept-factories.ts';

/** Asks documents the one question that an expression is. */
export interface Predicate {
  readonly fits: (document: Document) => boolean;
  /**
   * The index of the first document that fits, from `start` on, in steps of 1 or -1; `end` when there is none before it. A loop of its own:
   * V8 puts the question into it, and the loops of other filters do not get in its way.
   */
  readonly search: (documents: readonly Document[], start: number, end: number, step: 1 | -1) => number;
  /** How many documents fit, from `start` to before `end`, of those that no commit after `sequence` wrote. */
  readonly count: (documents: readonly Document[], start: number, end: number, sequence: number) => number;
}

/** Their expressions ask of a document `d`, its body `b` and a variable `v`. */
export const predicateFactories = new KeptFactories<Predicate>(
  ({ expression, admission }) => `{
    fits: (d) => { const b = d.body; let v; return ${admission} && ${expression}; },
    search: (list, start, end, step) => {
      for (let i = start; i !== end; i += step) {
        const d = list[i], b = d.body;
        let v;
        if (${admission} && ${expression}) return i;
      }
      return end;
    },
    count: (list, start, end, sequence) => {
      let count = 0;
      for (let i = start; i < end; i += 1) {
        const d = list[i], b = d.body;
        let v;
        if (d.sequence <= sequence && ${admission} && ${expression}) count += 1;
      }
      return count;
    },
  }`,
);
