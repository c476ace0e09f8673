import type { Document } from '../../document/document.ts';
import type { Order } from '../../query/order.ts';
import { Ordering, type Position, type SortKey } from '../../query/ordering.ts';
import { compareCreation } from '../document-list.ts';
import type { IndexKey } from '../index/index-keys.ts';
import { compareToRange, type IndexRange, rangeAtOrBehind } from '../index/index-range.ts';
import type { SecondaryIndex } from '../index/secondary-index.ts';
import type { WalkDirection } from './list-source.ts';
import type { Places, WalkPlace } from './walk.ts';

/** Each document at the least of its keys in the ranges, for who takes them as they come. */
export function leastKeyPlaces(
  index: SecondaryIndex,
  ranges: readonly IndexRange[],
  direction: WalkDirection,
  severalEntries: boolean,
): Places {
  const { keys } = index;
  return {
    severalEntries,
    compare: comparison(index, direction, direction),
    of(document) {
      if (!index.admits(document)) return undefined;
      for (const key of keys.of(document)) {
        const range = ranges[rangeAtOrBehind(keys, key, ranges)];
        if (range !== undefined && compareToRange(keys, key, range) === 0) return { key, creation: document };
      }
      return undefined;
    },
  };
}

/** How the entries of an index stand in an order: the first paths have the values of `prefix`, the others are those of the order. */
export interface IndexOrder {
  readonly prefix: readonly SortKey[];
  readonly orderBy: readonly Order[];
  /** In which the keys run, and the documents of one key, when the list is read from its beginning. */
  readonly direction: WalkDirection;
}

/** Each document at what it is ordered by. `feed` is -1 when the list is read from its end. */
export function orderPlaces(
  index: SecondaryIndex,
  order: IndexOrder,
  feed: WalkDirection,
  severalEntries: boolean,
): Places & { ofPosition(position: Position): WalkPlace } {
  const ordering = new Ordering(order.orderBy);
  const keyOf = (keys: readonly SortKey[]): IndexKey =>
    index.keys.width === 1 ? [...order.prefix, ...keys][0] : [...order.prefix, ...keys];
  const ofPosition = (position: Position): WalkPlace => ({ key: keyOf(position.keys), creation: position });
  return {
    severalEntries,
    ofPosition,
    of: (document: Document) => ofPosition(ordering.position(document)),
    compare: comparison(index, order.direction === feed ? 1 : -1, feed),
  };
}

function comparison(
  { keys }: SecondaryIndex,
  direction: WalkDirection,
  tieDirection: WalkDirection,
): Places['compare'] {
  return (a, b) => direction * keys.compare(a.key, b.key) || tieDirection * compareCreation(a.creation, b.creation);
}
