import { InvalidArgumentError, LimitExceededError } from '../errors.ts';
import type { PageRequest } from './find-query.ts';
import { defaultPageLimits, type PageLimits, pageSizeDefault } from './limits.ts';

/** The arguments of a connection as clients write them. Null means absent. */
export interface PageInput {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly last?: number | null | undefined;
  readonly before?: string | null | undefined;
  readonly offset?: number | null | undefined;
}

/**
 * Makes a frozen request of what a client wrote. Neither `first` nor `last` means the first 100. Whether a cursor
 * is one of the list's own shows when the page is collected.
 * @throws {InvalidArgumentError} For `first` and `last` together, for `offset` with a cursor or with `last`, and for what is
 *   not a whole number from 0.
 * @throws {LimitExceededError} For a page that is larger than `pageSizeMax`.
 */
export function parsePageRequest(input: PageInput, limits: PageLimits = defaultPageLimits): PageRequest {
  const first = parseCount(input.first, 'first');
  const last = parseCount(input.last, 'last');
  const offset = parseCount(input.offset, 'offset');
  const after = input.after ?? undefined;
  const before = input.before ?? undefined;
  if (first !== undefined && last !== undefined) {
    throw new InvalidArgumentError('first and last are given: a page is read from one end only', {
      path: 'last',
      expected: 'either first or last',
    });
  }
  if (offset !== undefined && (after !== undefined || before !== undefined || last !== undefined)) {
    throw new InvalidArgumentError(
      'offset counts from the beginning of the list: it goes with first, without a cursor',
      {
        path: 'offset',
        expected: 'offset with first only',
      },
    );
  }
  checkSize(first, 'first', limits);
  checkSize(last, 'last', limits);
  const size = last === undefined ? { first: first ?? Math.min(pageSizeDefault, limits.pageSizeMax) } : { last };
  return Object.freeze({ ...size, after, before, offset });
}

function parseCount(value: number | null | undefined, argument: string): number | undefined {
  if (value === null || value === undefined) return undefined;
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError(`${argument}: ${value} is given`, {
    path: argument,
    expected: 'a whole number from 0',
  });
}

function checkSize(size: number | undefined, argument: string, { pageSizeMax }: PageLimits): void {
  if (size === undefined || size <= pageSizeMax) return;
  throw new LimitExceededError(
    `${argument}: a page of ${size} documents is asked for, and ${pageSizeMax} are allowed. Ask for the rest with the page's cursor`,
    { limit: pageSizeMax, actual: size, path: argument },
  );
}
