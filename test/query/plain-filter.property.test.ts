import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Document } from '../../src/document/document.ts';
import { compileFilter, compileSearch } from '../../src/query/filter-compiler.ts';
import type { Archived } from '../../src/query/find-query.ts';
import { bodies, filters } from '../embedded/index/random-queries.ts';
import { makeDocument } from './make-document.ts';
import { fitsPlainly } from './plain-filter.ts';

const documents = fc.array(
  fc.record({ body: bodies, isArchived: fc.boolean(), sequence: fc.integer({ min: 1, max: 3 }) }),
  { minLength: 20, maxLength: 20 },
);
const archivedKinds = fc.constantFrom<Archived>('EXCLUDE', 'INCLUDE', 'ONLY');

test('a compiled filter, its search and its count say what a plain reading of the filter says', () => {
  fc.assert(
    fc.property(filters, documents, archivedKinds, (filter, some, archived) => {
      const list = some.map(({ body, isArchived, sequence }) =>
        makeDocument(body, { sequence, archivedAt: isArchived ? 1 : null }),
      );
      const plain = list.filter((document) => fitsPlainly(filter, document));
      expect(list.filter(compileFilter(filter))).toEqual(plain);
      const { search, count } = compileSearch(filter, archived);
      const admitted = plain.filter(
        ({ archivedAt }) => archived === 'INCLUDE' || (archived === 'ONLY') === (archivedAt !== null),
      );
      const found: (Document | undefined)[] = [];
      for (
        let index = search(list, 0, list.length, 1);
        index < list.length;
        index = search(list, index + 1, list.length, 1)
      ) {
        found.push(list[index]);
      }
      expect(found).toEqual(admitted);
      const backwards: (Document | undefined)[] = [];
      for (let index = search(list, list.length - 1, -1, -1); index >= 0; index = search(list, index - 1, -1, -1)) {
        backwards.push(list[index]);
      }
      expect(backwards).toEqual(admitted.toReversed());
      expect(count(list, 0, list.length, 2)).toBe(admitted.filter(({ sequence }) => sequence <= 2).length);
    }),
    { numRuns: Number(process.env.YARADB_PROPERTY_RUNS ?? 2_000) },
  );
});
