import type { Document } from '../document/document.ts';

/** Asks documents the one question that an expression is. */
export interface Predicate {
  readonly fits: (document: Document) => boolean;
  /**
   * The index of the first document that fits, from `start` on, in steps of 1 or -1; `end` when there is none before it. A loop of its own:
   * V8 puts the question into it, and the loops of other filters do not get in its way.
   */
  readonly search: (documents: readonly Document[], start: number, end: number, step: 1 | -1) => number;
}

/** Makes a predicate of the values that the constants of its source have. */
export type PredicateFactory = (constants: readonly unknown[]) => Predicate;

/**
 * Filters that differ in their operands only have one source, so the function that is made of it, and what V8 has learnt
 * about it, serve them all. The factories that were used last are kept, none of them with anything of a client's in it but
 * the keys of its paths.
 */
const factories = new Map<string, PredicateFactory>();
const factoryCountMax = 500;
/** Longer ones are made anew each time: they would take more memory than the time is worth. */
const keptLengthMax = 10_000;

/**
 * The factory for an expression of a document `d`, its body `b`, a variable `v` and constants `c0`, `c1`, …. It must hold
 * nothing that a client wrote, but in string literals.
 */
export function predicateFactory(expression: string, constantCount: number): PredicateFactory {
  const kept = factories.get(expression);
  if (kept !== undefined) {
    factories.delete(expression); // to the end: the first one is the one that was used least lately
    factories.set(expression, kept);
    return kept;
  }
  const names = Array.from({ length: constantCount }, (_, index) => `c${index}`).join(', ');
  const factory: PredicateFactory = new Function(
    'constants',
    `'use strict';
    const [${names}] = constants;
    return {
      fits: (d) => { const b = d.body; let v; return ${expression}; },
      search: (list, start, end, step) => {
        for (let i = start; i !== end; i += step) {
          const d = list[i], b = d.body;
          let v;
          if (${expression}) return i;
        }
        return end;
      },
    };`,
  ) as PredicateFactory;
  if (expression.length <= keptLengthMax) factories.set(expression, factory);
  for (const oldest of factories.keys()) {
    if (factories.size <= factoryCountMax) break;
    factories.delete(oldest);
  }
  return factory;
}
