import { type Path, parsePath } from '../document/path.ts';
import { InvalidArgumentError, LimitExceededError } from '../errors.ts';
import type { AggregateQuery, GroupOrder, Measure } from './aggregate-query.ts';
import { type AggregateLimits, defaultAggregateLimits } from './limits.ts';
import type { Direction } from './order.ts';

/** A measure as clients write it: one of the kinds, and a name. Null means absent. */
export interface MeasureInput {
  readonly count?: boolean | null | undefined;
  readonly sum?: string | null | undefined;
  readonly avg?: string | null | undefined;
  readonly min?: string | null | undefined;
  readonly max?: string | null | undefined;
  readonly distinct?: string | null | undefined;
  readonly as: string;
}

export interface AggregateInput {
  readonly groupBy?: readonly string[] | null | undefined;
  readonly measures: readonly MeasureInput[];
  readonly orderBy?:
    | readonly { readonly by: string; readonly direction?: Direction | null | undefined }[]
    | null
    | undefined;
  readonly first?: number | null | undefined;
}

type ParsedAggregate = Pick<AggregateQuery, 'groupBy' | 'measures' | 'orderBy' | 'first'>;

/**
 * Checks and freezes what groups are made of.
 * @throws {InvalidArgumentError} for a path that is none, a measure of no or several kinds, a name that is there twice or in nothing.
 * @throws {LimitExceededError} for more paths or measures than the limits.
 */
export function parseAggregate(
  { groupBy, measures, orderBy, first }: AggregateInput,
  limits: AggregateLimits = defaultAggregateLimits,
): ParsedAggregate {
  checkCount(groupBy?.length ?? 0, limits.groupPathCountMax, 'groupBy', 'paths to group by');
  checkCount(measures.length, limits.measureCountMax, 'measures', 'measures');
  checkCount(orderBy?.length ?? 0, limits.groupPathCountMax, 'orderBy', 'names to order by');
  if (first !== null && first !== undefined && (!Number.isSafeInteger(first) || first < 0)) {
    throw new InvalidArgumentError(`first: ${first} is given`, { path: 'first', expected: 'a whole number from 0' });
  }
  const paths = (groupBy ?? []).map((text, index) => parsePath(text, `groupBy.${index}`));
  const parsed = measures.map((measure, index) => parseMeasure(measure, `measures.${index}`));
  const names = new Set<string>();
  addNames(
    names,
    paths.map(({ text }) => text),
    (index) => `groupBy.${index}`,
  );
  addNames(
    names,
    parsed.map(({ as }) => as),
    (index) => `measures.${index}.as`,
  );
  return Object.freeze({
    groupBy: Object.freeze(paths),
    measures: Object.freeze(parsed),
    orderBy: Object.freeze((orderBy ?? []).map((order, index) => parseOrder(order, names, `orderBy.${index}.by`))),
    first: first ?? undefined,
  });
}

const pathKinds = ['sum', 'avg', 'min', 'max', 'distinct'] as const;

function parseMeasure(input: MeasureInput, argument: string): Measure {
  const given: Measure[] = input.count === true ? [{ kind: 'count', as: input.as }] : [];
  for (const kind of pathKinds) {
    const text = input[kind];
    if (text === null || text === undefined) continue;
    const path: Path = parsePath(text, `${argument}.${kind}`);
    given.push({ kind, path, as: input.as });
  }
  const [measure, second] = given;
  if (measure !== undefined && second === undefined) return Object.freeze(measure);
  const problem =
    second === undefined ? 'it measures nothing' : `it measures ${given.map(({ kind }) => kind).join(' and ')}`;
  throw new InvalidArgumentError(`${argument}: ${problem}. Give each measure a name of its own`, {
    path: argument,
    expected: 'one of count: true, sum, avg, min, max and distinct',
  });
}

/** Keys and values are apart in an answer, but an order tells them by their names alone. */
function addNames(names: Set<string>, more: readonly string[], argumentOf: (index: number) => string): void {
  for (const [index, name] of more.entries()) {
    if (names.has(name)) {
      throw new InvalidArgumentError(`${argumentOf(index)}: '${name}' is there twice`, {
        path: argumentOf(index),
        expected: 'a name that no other measure or path has',
      });
    }
    names.add(name);
  }
}

function parseOrder(
  { by, direction }: NonNullable<AggregateInput['orderBy']>[number],
  names: ReadonlySet<string>,
  argument: string,
): GroupOrder {
  if (names.has(by)) return Object.freeze({ by, direction: direction ?? 'ASC' });
  throw new InvalidArgumentError(`${argument}: '${by}' is neither a path in groupBy nor the name of a measure`, {
    path: argument,
    expected: `one of ${[...names].join(', ')}`,
  });
}

function checkCount(actual: number, limit: number, argument: string, what: string): void {
  if (actual <= limit) return;
  throw new LimitExceededError(`${argument}: ${actual} ${what} are given, and ${limit} are allowed`, {
    limit,
    actual,
    path: argument,
  });
}
