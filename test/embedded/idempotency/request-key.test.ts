import { expect, test } from 'vitest';
import { requestOf } from '../../../src/database/idempotent-request.ts';
import type { Operation } from '../../../src/database/operation.ts';
import { requestKey, requestKeyInSteps } from '../../../src/embedded/idempotency/request-key.ts';

const id = '01234567-89ab-7def-8123-456789abcdef';
const operations: Operation[] = [
  { kind: 'create', table: 'people', body: { name: 'é', list: [1, { b: 2, a: 1n << 70n }] } },
  { kind: 'update', id, version: 1, body: {} },
  { kind: 'assert', id, exists: false },
];

test('the key of a request is the same whether it is made at once or in steps', () => {
  const steps = requestKeyInSteps('who', 'a key', operations);
  let count = 0;
  let last = steps.next();
  for (; last.done !== true; last = steps.next()) count += 1;
  expect(count).toBe(operations.length);
  expect(last.value).toEqual(requestKey('who', { key: 'a key', request: requestOf(operations) }));
  expect(last.value).not.toEqual(requestKey('who', { key: 'a key', request: requestOf(operations.slice(1)) }));
});
