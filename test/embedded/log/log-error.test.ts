import { expect, test } from 'vitest';
import {
  CorruptionError,
  MalformedError,
  NewerFormatError,
  refusalOf,
  UnknownKindError,
  unlessUnreadable,
} from '../../../src/embedded/log/log-error.ts';

const position = { file: '/data/log/file', offset: 7, sequence: 3 };

test('what the bytes say is damage or a newer format, at its place; anything else stays what it is', () => {
  const cause = new Error('not JSON');
  const damage = refusalOf(new MalformedError('a text', { cause }), position);
  expect(damage).toBeInstanceOf(CorruptionError);
  expect(damage).toMatchObject({ position, reason: 'a text', cause });
  expect(refusalOf(new UnknownKindError('a frame of kind 9'), position)).toBeInstanceOf(NewerFormatError);
  expect(refusalOf(cause, position)).toBe(cause);
});

test('a bug is not taken for bytes that cannot be read', () => {
  const thrower = (error: Error) => () => {
    throw error;
  };
  expect(unlessUnreadable(() => 5)).toBe(5);
  expect(unlessUnreadable(thrower(new MalformedError('short')))).toBeNull();
  expect(unlessUnreadable(thrower(new UnknownKindError('flags')))).toBeNull();
  expect(() => unlessUnreadable(thrower(new TypeError('a bug')))).toThrow('a bug');
});
