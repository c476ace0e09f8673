import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringifyJson } from '../../src/document/json-serializer.ts';
import { jsonTextPieces } from '../../src/document/json-text-pieces.ts';

describe('the pieces of a JSON text', () => {
  test('are together what is written in one go', () => {
    const strings = fc.string({ unit: 'binary' }).map((text) => text.repeat(3));
    const scalars = fc.oneof(
      strings,
      fc.bigInt(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constant(undefined),
    );
    const { value: values } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        scalars,
        fc.array(tie('value')),
        fc.dictionary(fc.string(), tie('value')),
        fc.record({ toJSON: fc.constant(() => ({ exact: 10n ** 20n })), long: strings }),
      ),
    }));
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 30 }), (value, pieceLength) => {
        const whole = { value, list: [value] };
        expect([...jsonTextPieces(whole, pieceLength)].join('')).toBe(stringifyJson(whole));
      }),
    );
  });

  test('cut no character in two, so that each has bytes of its own', () => {
    const value = { text: 'ab😀'.repeat(100), halves: '\ud83d\ud83d😀\ude00'.repeat(50) };
    const pieces = [...jsonTextPieces(value, 7)];
    expect(pieces.length).toBeGreaterThan(50);
    expect(Buffer.concat(pieces.map((piece) => Buffer.from(piece))).toString()).toBe(stringifyJson(value));
  });

  test('are not much longer than asked for, whatever is long', () => {
    for (const value of [
      'x'.repeat(10_000),
      Array.from({ length: 1_000 }, (_, number) => ({ number })),
      Object.fromEntries(Array.from({ length: 1_000 }, (_, number) => [`key${number}`, [number]])),
    ]) {
      for (const piece of jsonTextPieces({ value }, 500)) expect(piece.length).toBeLessThan(1_100);
    }
  });

  test('throw for what JSON cannot say', () => {
    expect(() => [...jsonTextPieces([Array(100).fill(1), Number.NaN], 10)]).toThrow(TypeError);
  });
});
