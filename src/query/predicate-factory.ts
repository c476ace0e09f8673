import type { Document } from '../document/document.ts';

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

/** The source of a predicate. It must hold nothing that a client wrote, but in string literals. */
export interface PredicateSource {
  /** Of a document `d`, its body `b`, a variable `v` and constants `c0`, `c1`, …. */
  readonly expression: string;
  /** Functions that the expression calls as `f0`, `f1`, …: of their own for each source, so that V8 learns what these meet alone. */
  readonly functions: readonly string[];
  readonly constantCount: number;
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

export function predicateFactory({ expression, functions, constantCount }: PredicateSource): PredicateFactory {
  const key = [...functions, expression].join('\n');
  const kept = factories.get(key);
  if (kept !== undefined) {
    factories.delete(key); // to the end: the first one is the one that was used least lately
    factories.set(key, kept);
    return kept;
  }
  const names = Array.from({ length: constantCount }, (_, index) => `c${index}`).join(', ');
  const factory: PredicateFactory = new Function(
    'constants',
    `'use strict';
    const [${names}] = constants;
    ${functions.map((source, index) => `const f${index} = ${source};`).join('\n    ')}
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
      count: (list, start, end, sequence) => {
        let count = 0;
        for (let i = start; i < end; i += 1) {
          const d = list[i], b = d.body;
          let v;
          if (d.sequence <= sequence && ${expression}) count += 1;
        }
        return count;
      },
    };`,
  ) as PredicateFactory;
  if (key.length <= keptLengthMax) factories.set(key, factory);
  for (const oldest of factories.keys()) {
    if (factories.size <= factoryCountMax) break;
    factories.delete(oldest);
  }
  return factory;
}
