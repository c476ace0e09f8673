import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCursor, encodeCursor } from '../../src/query/cursor.ts';
import { parseOrderBy } from '../../src/query/order-parser.ts';
import { Ordering } from '../../src/query/ordering.ts';
import { jsonValueArbitrary } from '../document/json-arbitraries.ts';
import { makeDocument } from './make-document.ts';
import { refusal } from './refusal.ts';

const orderBy = parseOrderBy([{ path: 'a' }, { path: '$createdAt', direction: 'DESC' }]);

describe('cursors', () => {
  it('mean the place of their document, exactly, whatever it is ordered by', () => {
    fc.assert(
      fc.property(jsonValueArbitrary, fc.nat(), (a, createdSequence) => {
        const document = makeDocument({ a }, { createdSequence, createdAt: 5 });
        const cursor = encodeCursor(orderBy, document);
        expect(cursor).toMatch(/^[\w-]+$/);
        const position = decodeCursor(orderBy, cursor, 'after');
        expect(position).toEqual(new Ordering(orderBy).position(document));
        expect(new Ordering(orderBy).compareDocument(document, position)).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  it('keep an empty list, null and a missing field apart as the order does', () => {
    const keys = [{ a: [] }, { a: null }, {}, { a: [[]] }].map(
      (body) => decodeCursor(orderBy, encodeCursor(orderBy, makeDocument(body)), 'after').keys[0],
    );
    expect(keys).toEqual([undefined, null, null, []]);
  });

  it('are refused in a list of another order', () => {
    const cursor = encodeCursor(orderBy, makeDocument({ a: 1 }));
    for (const other of [
      parseOrderBy([]),
      parseOrderBy([{ path: 'a' }]),
      parseOrderBy([{ path: 'a' }, { path: '$createdAt' }]),
      parseOrderBy([{ path: 'b' }, { path: '$createdAt', direction: 'DESC' }]),
      parseOrderBy([{ path: 'a' }, { path: '\\$createdAt', direction: 'DESC' }]),
    ]) {
      expect(refusal(() => decodeCursor(other, cursor, 'before'))).toMatchObject({
        code: 'INVALID_ARGUMENT',
        path: 'before',
      });
    }
  });

  it('are refused when they are none', () => {
    const content = Buffer.from(encodeCursor(orderBy, makeDocument({ a: 1 })), 'base64url').toString();
    const parts = JSON.parse(content) as unknown[];
    const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    expect(() => decodeCursor(orderBy, encoded(parts), 'after')).not.toThrow();
    for (const text of [
      '',
      'x',
      '%%%',
      `${encoded(parts)}=`,
      `${encoded(parts)}\n`,
      encoded(parts).slice(0, -4),
      encoded(null),
      encoded({}),
      encoded([]),
      encoded(parts.slice(0, -1)),
      encoded([...parts, [1]]),
      encoded(parts.with(1, '1')),
      encoded(parts.with(1, 1.5)),
      encoded(parts.with(2, 5)),
      encoded(parts.with(3, [1, 2])),
      encoded(parts.with(3, 1)),
      Buffer.from(`${content} x`).toString('base64url'),
      Buffer.from([0xff, 0xfe]).toString('base64url'),
      Buffer.from(`${'['.repeat(100_000)}${']'.repeat(100_000)}`).toString('base64url'),
    ]) {
      expect(refusal(() => decodeCursor(orderBy, text, 'after'))).toMatchObject({
        code: 'INVALID_ARGUMENT',
        path: 'after',
      });
    }
  });
});
