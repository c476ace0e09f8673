import type { JsonValue } from '../document/json.ts';
import { compareValues, equalValues } from '../document/value-order.ts';
import type { JsonType } from './filter.ts';
import { ofType } from './value-test.ts';

/** A set of values, such that an ordered index can find its members. In all of them undefined stands for what is missing. */
export type ValueSet =
  /** These values. `missing` tells whether what is missing belongs to them; null by itself is only null. None: the empty set. */
  | { readonly kind: 'oneOf'; readonly values: readonly JsonValue[]; readonly missing: boolean }
  /** The values of one type between the bounds; all of the type without bounds. */
  | { readonly kind: 'range'; readonly type: JsonType; readonly lower?: Bound; readonly upper?: Bound }
  /** The texts that begin with this one. */
  | { readonly kind: 'prefix'; readonly text: string }
  /** Whatever is not missing. */
  | { readonly kind: 'present' };

export interface Bound {
  readonly value: JsonValue;
  readonly inclusive: boolean;
}

/** Whether the value is in the set. An index must find the same. */
export function isInSet(set: ValueSet, value: JsonValue | undefined): boolean {
  switch (set.kind) {
    case 'oneOf':
      return value === undefined ? set.missing : set.values.some((member) => equalValues(member, value));
    case 'range':
      return ofType(set.type)(value) && isAbove(set.lower, value) && isBelow(set.upper, value);
    case 'prefix':
      return typeof value === 'string' && value.startsWith(set.text);
    case 'present':
      return value !== undefined;
  }
}

function isAbove(bound: Bound | undefined, value: JsonValue | undefined): boolean {
  if (bound === undefined) return true;
  const difference = compareValues(value, bound.value);
  return difference > 0 || (bound.inclusive && difference === 0);
}

function isBelow(bound: Bound | undefined, value: JsonValue | undefined): boolean {
  if (bound === undefined) return true;
  const difference = compareValues(value, bound.value);
  return difference < 0 || (bound.inclusive && difference === 0);
}
