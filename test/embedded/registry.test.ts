import { expect, test } from 'vitest';
import { Registry } from '../../src/embedded/registry.ts';

function valuesOf<Value>(registry: Registry<Value>): Value[] {
  const values: Value[] = [];
  registry.forEach((value) => {
    values.push(value);
  });
  return values;
}

test('what is registered is there in the order in which it came, until its registration ends', () => {
  const registry = new Registry<string>();
  expect([registry.size, registry.first]).toEqual([0, null]);
  const [a, b, c] = ['a', 'b', 'c'].map((name) => registry.add(name));
  expect([registry.size, registry.first, valuesOf(registry)]).toEqual([3, 'a', ['a', 'b', 'c']]);
  b?.end();
  expect([registry.size, registry.first, valuesOf(registry)]).toEqual([2, 'a', ['a', 'c']]);
  a?.end();
  registry.add('d');
  expect([registry.size, registry.first, valuesOf(registry)]).toEqual([2, 'c', ['c', 'd']]);
  c?.end();
  expect(valuesOf(registry)).toEqual(['d']);
});

test('whatever is told of something may end its own registration', () => {
  const registry = new Registry<() => void>();
  const told: number[] = [];
  for (const number of [1, 2, 3]) {
    const registration = registry.add(() => {
      told.push(number);
      if (number !== 2) registration.end();
    });
  }
  registry.forEach((tell) => {
    tell();
  });
  registry.forEach((tell) => {
    tell();
  });
  expect(told).toEqual([1, 2, 3, 2]);
  expect(registry.size).toBe(1);
});
