import { formatPath } from '../document/path.ts';
import type { Filter } from './filter.ts';

/** A longer one would fill the log with what a program made. */
const lengthMax = 1_000;

/** What a filter asks without the values that it asks for: `level gte ? and (city eq ? or tags in ?)`. Empty when it fits everything. */
export function filterShape(filter: Filter): string {
  const shape = shapeOf(filter, 'and');
  return shape.length <= lengthMax ? shape : `${shape.slice(0, lengthMax)}…`;
}

function shapeOf(filter: Filter, around: 'and' | 'or' | 'not'): string {
  switch (filter.kind) {
    case 'and':
    case 'or': {
      const { kind, filters } = filter;
      if (filters.length === 0) return kind === 'and' ? '' : 'nothing';
      // Thousands of parts differ in nothing that is told of them.
      const parts = [...new Set(filters.map((part) => shapeOf(part, kind)))];
      const joined = parts.join(` ${kind} `);
      return parts.length > 1 && around !== kind ? `(${joined})` : joined;
    }
    case 'not':
      return `not ${shapeOf(filter.filter, 'not')}`;
    case 'some':
      return `${formatPath(filter.path)} some (${shapeOf(filter.filter, 'and')})`;
    case 'exists':
      return `${formatPath(filter.path)} ${filter.exists ? 'exists' : 'does not exist'}`;
    case 'type':
      return `${formatPath(filter.path)} type ${filter.type}`;
    case 'equalField':
      return `${formatPath(filter.path)} equals ?`;
    default:
      return `${formatPath(filter.path)} ${filter.kind} ?`;
  }
}
