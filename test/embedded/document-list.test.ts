import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareCreation, DocumentList } from '../../src/embedded/document-list.ts';
import { documentId, documentOf } from './log/log-fixture.ts';

/** A version of a document; the order of ids is not that of creation. */
const versionOf = (number: number, version: number) =>
  documentOf(1, {}, { id: documentId(number), createdSequence: (number * 7) % 5, version });
const change = fc.record({ remove: fc.boolean(), number: fc.nat(12), version: fc.integer({ min: 1, max: 9 }) });

test('documents stand in the order of creation, whatever is put, put again and removed, there or not', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const list = new DocumentList();
      const expected = new Map<number, ReturnType<typeof versionOf>>();
      for (const { remove, number, version } of changes) {
        const document = versionOf(number, version);
        if (remove) {
          list.remove(document);
          expected.delete(number);
        } else {
          list.put(document);
          expected.set(number, document);
        }
      }
      const sorted = [...expected.values()].sort(compareCreation);
      expect(list.toArray()).toEqual(sorted);
      expect(list.size).toBe(sorted.length);
      for (const [index, document] of sorted.entries()) expect(list.indexAfter(document)).toBe(index + 1);
    }),
    { seed: 7 },
  );
});
