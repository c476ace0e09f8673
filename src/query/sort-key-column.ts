import { compareValues, ordersByCodeUnit } from '../document/value-order.ts';
import { GrowingList } from './growing-list.ts';
import type { SortKey } from './ordering.ts';

/** What many documents are compared by at one level of an order, by their numbers. */
export class SortKeyColumn {
  readonly #keys = new GrowingList<SortKey>();
  /** Whether the machine can compare all texts by itself, which takes half the time. */
  #textsOrderByCodeUnit = true;

  add(key: SortKey): void {
    if (typeof key === 'string' && this.#textsOrderByCodeUnit) this.#textsOrderByCodeUnit = ordersByCodeUnit(key);
    this.#keys.push(key);
  }

  /** Of the documents of these numbers. */
  compare(a: number, b: number): number {
    const left = this.#keys.at(a);
    const right = this.#keys.at(b);
    if (left === right) return 0;
    if (typeof left === 'string' && typeof right === 'string' && this.#textsOrderByCodeUnit) {
      return left < right ? -1 : 1;
    }
    return compareSortKeys(left, right);
  }
}

export function compareSortKeys(a: SortKey, b: SortKey): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  return compareValues(a, b);
}
