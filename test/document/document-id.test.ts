import { expect, test } from 'vitest';
import { parseDocumentId } from '../../src/document/document-id.ts';
import { refusalOf } from './json-refusal.ts';

const id = '0198d3c1-7a2b-7c3d-8e4f-0123456789ab';

test.each([
  id,
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  'a0b1c2d3-e4f5-9678-c9ab-cdef01234567',
  '123e4567-e89b-12d3-a456-426614174000',
])('%s is an id as it is', (text) => {
  expect(parseDocumentId(text, 'id')).toBe(text);
});

test.each([
  id.toUpperCase(),
  id.replaceAll('-', ''),
  id.replaceAll('-', '').toUpperCase(),
  `urn:uuid:${id}`,
  `URN:UUID:${id.toUpperCase()}`,
  `{${id}}`,
  `{${id.replaceAll('-', '')}}`,
])('%s is the same id, written as the predecessor allowed', (text) => {
  expect(parseDocumentId(text, 'id')).toBe(id);
});

test.each<unknown>([
  '',
  'not a uuid',
  id.slice(1),
  `${id}0`,
  ` ${id}`,
  `${id}\n`,
  `{${id}`,
  `${id}}`,
  `urn:${id}`,
  `urn:uuid:{${id}}`,
  id.replace('-', ''),
  id.replace('a', 'g'),
  '0198d3c17a2b-7c3d-8e4f-0123-456789ab',
  null,
  undefined,
  7,
  [id],
  { id },
])('%j is refused', (value) => {
  expect(refusalOf(() => parseDocumentId(value, 'documents.3.id'))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    evidence: { path: 'documents.3.id', expected: 'a UUID' },
    message: expect.stringContaining('documents.3.id'),
  });
});
