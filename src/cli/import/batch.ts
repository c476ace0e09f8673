import type { Buffer } from 'node:buffer';
import { DatabaseError } from '../../errors.ts';
import { assertingOperation, creatingOperations, type OperationText, transactionOf } from './item-operations.ts';
import { type ParsedItem, type PreparedItem, parsedItem, refusalOf } from './prepared-item.ts';
import type { Refusal } from './refusal.ts';

/** An item on its way, with what is known of the document that there is. */
export interface Pending {
  readonly item: PreparedItem;
  readonly operations: readonly OperationText[];
  readonly creates: boolean;
  readonly attempts: number;
}

/** Items that are to be sent together. */
export interface Batch {
  readonly pending: readonly Pending[];
  /** What stood among them and is not sent. */
  readonly refusals: readonly Refusal[];
  /** The request that makes documents of all of them. */
  readonly transaction: Buffer;
  /** Whether the request does so only where it comes behind the one of the batch before. */
  readonly follows: boolean;
}

/**
 * @param read in the order of the input, in which refusals are told.
 * @param isSuspect whether an item that was not looked at may well be no JSON. Where one is broken for all to see others often are.
 * @param previous the batch before; null when there is none that the request is to come behind.
 */
export function makeBatch(
  read: readonly (PreparedItem | Refusal)[],
  isSuspect: boolean,
  previous: Batch | null,
): Batch {
  const looksAtAll = isSuspect || read.some(isRefusal);
  const looked = looksAtAll ? read.map((item) => (isRefusal(item) ? item : parsedOrRefused(item))) : read;
  const pending = looked.flatMap((item) => (isRefusal(item) ? [] : [newlyMade(item)]));
  const last = previous?.pending.at(-1)?.item;
  const operations = operationsOf(pending);
  // Of items that bring ids two may have the same, in two batches, and then nothing but the end of the first one tells what is to become of the second.
  const follows = last !== undefined && !last.archived && ![last, ...pending.map(({ item }) => item)].some(hasOwnId);
  return {
    pending,
    refusals: looked.filter(isRefusal),
    transaction: transactionOf(follows ? [...operations, assertingOperation(last.id)] : operations),
    follows,
  };
}

export function newlyMade(item: PreparedItem): Pending {
  return { item, operations: creatingOperations(item), creates: true, attempts: 0 };
}

export function operationsOf(part: readonly Pending[]): readonly OperationText[] {
  return part.flatMap(({ operations }) => operations);
}

/** The item after a look whether it is JSON. */
export function parsedOrRefused(item: PreparedItem): ParsedItem | Refusal {
  try {
    return parsedItem(item);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return refusalOf(item, error);
  }
}

export function isRefusal(item: PreparedItem | Refusal): item is Refusal {
  return 'reason' in item;
}

function hasOwnId({ isOwnId }: PreparedItem): boolean {
  return isOwnId;
}
