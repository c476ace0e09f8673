/** The source of a predicate. It must hold nothing that a client wrote, but in string literals. */
export interface PredicateSource {
  /** Of constants `c0`, `c1`, … and what else the loops around it have. */
  readonly expression: string;
  /** Whether the query admits a document, archived or not. */
  readonly admission: string;
  /** How many columns the expression reads. */
  readonly columnCount: number;
  /** Functions that the expression calls as `f0`, `f1`, …: of their own for each source, so that V8 learns what these meet alone. */
  readonly functions: readonly string[];
  readonly constantCount: number;
}

/** Makes a predicate of the values that the constants of its source have. */
export type Factory<Kind> = (constants: readonly unknown[]) => Kind;

const factoryCountMax = 500;
/** Longer ones are made anew each time: they would take more memory than the time is worth. */
const keptLengthMax = 10_000;

/**
 * Filters that differ in their operands only have one source, so the function that is made of it, and what V8 has learnt
 * about it, serve them all. The factories that were used last are kept, none of them with anything of a client's in it but
 * the keys of its paths.
 */
export class KeptFactories<Kind> {
  readonly #factories = new Map<string, Factory<Kind>>();
  readonly #loopsOf: (source: PredicateSource) => string;

  /** @param loopsOf the source of an object of functions around the expressions, which follows from them and the number of columns. */
  constructor(loopsOf: (source: PredicateSource) => string) {
    this.#loopsOf = loopsOf;
  }

  factory(source: PredicateSource): Factory<Kind> {
    const { functions, constantCount } = source;
    const key = [...functions, source.admission, source.expression].join('\n');
    const kept = this.#factories.get(key);
    if (kept !== undefined) {
      this.#factories.delete(key); // to the end: the first one is the one that was used least lately
      this.#factories.set(key, kept);
      return kept;
    }
    const names = Array.from({ length: constantCount }, (_, index) => `c${index}`).join(', ');
    const factory: Factory<Kind> = new Function(
      'constants',
      `'use strict';
      const [${names}] = constants;
      ${functions.map((text, index) => `const f${index} = ${text};`).join('\n      ')}
      return ${this.#loopsOf(source)};`,
    ) as Factory<Kind>;
    if (key.length <= keptLengthMax) this.#factories.set(key, factory);
    for (const oldest of this.#factories.keys()) {
      if (this.#factories.size <= factoryCountMax) break;
      this.#factories.delete(oldest);
    }
    return factory;
  }
}
