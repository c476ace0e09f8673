import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../src/document/json.ts';
import { type Path, parsePath } from '../../src/document/path.ts';
import { columnSources, entryReader } from '../../src/query/column-predicate.ts';
import { ElementBits } from '../../src/query/element-bits.ts';
import type { Filter } from '../../src/query/filter.ts';
import { compileColumnSearch } from '../../src/query/filter-compiler.ts';
import { makeDocument } from './make-document.ts';
import { fitsPlainly } from './plain-filter.ts';

/** Texts that begin alike, differ in their end or their length alone, and whose characters are alike in some bits. */
const texts = fc
  .tuple(
    fc.constantFrom('', 'a', 'alice', 'alice771', 'alicf771', 'bob', 'жук'),
    fc.string({ unit: fc.constantFrom('0', '8', 'a', 'i', 'é', '😀'), maxLength: 10 }),
  )
  .map((parts) => parts.join(''));
const values = fc.oneof(
  { weight: 4, arbitrary: texts as fc.Arbitrary<JsonValue> },
  { weight: 2, arbitrary: fc.array(fc.oneof(texts, fc.constantFrom<JsonValue>(1, null, ['alice'])), { maxLength: 5 }) },
  { weight: 1, arbitrary: fc.constantFrom<JsonValue>(null, 0, -1, 2 ** 30, 2 ** 31, 0.5, true, 10n ** 20n, {}) },
);
const bodies: fc.Arbitrary<JsonObject> = fc.oneof(
  fc.record({ a: values, b: fc.record({ c: values }, { requiredKeys: [] }) }, { requiredKeys: [] }),
  fc.record({ a: values, b: fc.array(fc.record({ c: values }), { maxLength: 3 }) }),
  fc.record({ b: values }),
);
const paths = fc.constantFrom('a', 'b.c', 'b.0.c', 'b').map((path) => parsePath(path, 'path'));

function leafOf(path: Path, kind: string, text: string): Filter {
  switch (kind) {
    case 'regex':
      return { kind: 'regex', path, pattern: `^${text}` };
    case 'startsWith':
      return { kind: 'startsWith', path, text };
    case 'all':
      return { kind: 'all', path, values: [text, 1] };
    default:
      return { kind: kind === 'eq' ? 'eq' : kind === 'ne' ? 'ne' : 'equalField', path, value: text };
  }
}

const kinds = fc.constantFrom('eq', 'equalField', 'ne', 'startsWith', 'regex', 'all');

/** A text to ask for is most often one that is there, or a part of it. */
const scenarios = fc.record({
  documents: fc.array(bodies, { minLength: 1, maxLength: 12 }),
  leaves: fc.array(fc.record({ path: paths, kind: kinds, text: texts, length: fc.nat(12) }), {
    minLength: 1,
    maxLength: 3,
  }),
  isAnd: fc.boolean(),
  /** Texts that the column has met before. */
  filled: fc.constantFrom(0, 29, 30).map((count) => Array.from({ length: count }, (_, number) => `text ${number}`)),
});

test('a question about texts has the same answer by columns and fingerprints as by the documents', () => {
  let found = 0;
  fc.assert(
    fc.property(scenarios, ({ documents: some, leaves, isAnd, filled }) => {
      const there = some.map(({ a }: JsonObject) => a).find((value) => typeof value === 'string');
      const filters = leaves.map(({ path, kind, text, length }) =>
        leafOf(path, kind, length % 2 === 0 ? text : [...(there ?? text)].slice(0, length).join('')),
      );
      const filter: Filter = { kind: isAnd ? 'and' : 'or', filters };
      const documents = some.map((body, index) =>
        makeDocument(body, { archivedAt: index % 3 === 0 ? 5 : null, sequence: index }),
      );
      const sources = columnSources(filter) ?? [];
      const named = sources.map((source) => ({ source, bits: new ElementBits() }));
      for (const { bits } of named) for (const text of filled) bits.of(text);
      const columns = named.map(({ source, bits }) => documents.map(({ body }) => entryReader(source, bits)(body)));
      for (const archived of ['INCLUDE', 'EXCLUDE', 'ONLY'] as const) {
        const { search, count } = compileColumnSearch(filter, archived, named);
        const fitting = documents.flatMap((document, index) => {
          const isAsked = archived === 'INCLUDE' || (archived === 'ONLY') === (document.archivedAt !== null);
          return isAsked && fitsPlainly(filter, document) ? [index] : [];
        });
        found += fitting.length;
        const end = documents.length;
        expect(search(documents, columns, false, 0, end, 1)).toBe(fitting.at(0) ?? end);
        expect(search(documents, columns, false, end - 1, -1, -1)).toBe(fitting.at(-1) ?? -1);
        expect(count(documents, columns, false, 0, end, 6)).toBe(fitting.filter((index) => index <= 6).length);
        if (archived === 'INCLUDE') expect(count(documents, columns, true, 0, end, 6)).toBe(fitting.length);
      }
    }),
    { numRuns: Number(process.env.YARADB_PROPERTY_RUNS ?? 3_000) },
  );
  expect(found).toBeGreaterThan(1_000);
});
