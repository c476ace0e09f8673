import { parsePath } from '../document/path.ts';
import { LimitExceededError } from '../errors.ts';
import { defaultOrderLimits, type OrderLimits } from './limits.ts';
import type { Direction, Order } from './order.ts';

/** One level of a sort as clients write it: GraphQL's `DocumentOrder`, after coercion. */
export interface OrderInput {
  readonly path: string;
  /** Ascending when absent. */
  readonly direction?: Direction | null | undefined;
}

/**
 * Makes a frozen order of what a client wrote, most significant first. Absent means the order of creation.
 * @param argument What the client calls the list: the errors' paths start at it.
 * @throws {InvalidArgumentError} For a path that is none.
 * @throws {LimitExceededError} For more paths than the limit.
 */
export function parseOrderBy(
  list: readonly OrderInput[] | null | undefined,
  limits: OrderLimits = defaultOrderLimits,
  argument = 'orderBy',
): readonly Order[] {
  if (list === undefined || list === null) return Object.freeze([]);
  if (list.length > limits.pathCountMax) {
    throw new LimitExceededError(
      `${argument}: ${list.length} paths to order by are given, and ${limits.pathCountMax} are allowed`,
      { limit: limits.pathCountMax, actual: list.length, path: argument },
    );
  }
  return Object.freeze(
    list.map(({ path, direction }, index) =>
      Object.freeze({ path: parsePath(path, `${argument}.${index}.path`), direction: direction ?? 'ASC' }),
    ),
  );
}
