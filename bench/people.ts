import type { JsonObject } from '../src/document/json.ts';

/** What a million documents are about, shaped like the body of the other workloads. All values but the `number` are known beforehand. */
export interface Person {
  readonly username: string;
  readonly email: string;
  readonly level: number;
  readonly tags: readonly string[];
  readonly address: { readonly city: string; readonly street: string; readonly zip: string };
  readonly balance: number;
  readonly active: boolean;
}

const names = ['alice', 'bohdan', 'chiara', 'daria', 'émile', 'fatima', 'george'];
const cities = ['Kyiv', 'Lisbon', 'Zürich', 'Nairobi', 'Osaka', 'Lviv', 'Odesa', 'Lutsk'];
const tags = ['admin', 'early', 'staff', 'beta', 'vip'];

/** No two have the same `username`. The values do not come in the order of the numbers, as documents do not in real life. */
export function personOf(number: number): Person & JsonObject {
  const mixed = (number * 2_654_435_761) >>> 0;
  const tag = tags[mixed % tags.length] ?? '';
  return {
    username: usernameOf(number),
    email: `${names[mixed % names.length]}.${number}@example.com`,
    level: mixed % 100,
    tags: number % 3 === 0 ? [tag, tags[(mixed >>> 8) % tags.length] ?? ''] : [tag],
    address: {
      city: cities[(mixed >>> 4) % cities.length] ?? '',
      street: `Khreshchatyk ${mixed % 211}`,
      zip: String(10_000 + (mixed % 90_000)),
    },
    balance: (mixed % 1_000_000) / 4,
    active: mixed % 3 === 0,
  };
}

export function usernameOf(number: number): string {
  const mixed = (number * 2_654_435_761) >>> 0;
  return `${names[mixed % names.length]}${mixed}`;
}
