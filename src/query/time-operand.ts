import type { Document } from '../document/document.ts';
import type { JsonValue } from '../document/json.ts';
import type { DocumentField, Path } from '../document/path.ts';
import { formatTime, latestTime, parseTime } from '../document/timestamp.ts';
import { InvalidArgumentError } from '../errors.ts';
import type { Leaf } from './leaf-test.ts';
import { type Comparison, compared, equalTo } from './value-test.ts';

/** Whether the path is one of the document's own times. */
export function isTime(path: Path): boolean {
  return (
    path.kind === 'field' && (path.field === 'createdAt' || path.field === 'updatedAt' || path.field === 'archivedAt')
  );
}

/**
 * What a document's time is compared with. A time is the text that clients see, in UTC with milliseconds; clients may write
 * the same moment with another offset or precision, so it is brought to that form, in which the order of texts
 * is the order of moments. A moment between two milliseconds is moved to the one at which the comparison has the
 * same answer; for an equality it stays as it was written, and equals no time.
 * @throws {InvalidArgumentError} For what is neither an RFC 3339 time nor null: it would never match, or by accident.
 */
export function timeOperand(value: JsonValue, comparison: Comparison | 'eq', argument: string): string | null {
  if (value === null) return null;
  const time = typeof value === 'string' ? parseTime(value) : undefined;
  if (time === undefined || typeof value !== 'string') {
    throw new InvalidArgumentError(`${argument}: a document's time is compared with an RFC 3339 time`, {
      path: argument,
      expected: "an RFC 3339 time such as '2026-07-25T09:30:00Z', or null",
    });
  }
  if (time.exact || comparison === 'gt' || comparison === 'lte') return formatTime(time.milliseconds);
  if (comparison === 'eq') return value;
  return formatTime(Math.min(time.milliseconds + 1, latestTime));
}

/**
 * What a leaf asks of one of a document's own times, as a question about its milliseconds: writing the text for each document
 * would take longer than all the rest of a scan. Undefined where only the text can answer.
 */
export function timeTest(leaf: Leaf, field: DocumentField): ((document: Document) => boolean) | undefined {
  if (field !== 'createdAt' && field !== 'updatedAt' && field !== 'archivedAt') return undefined;
  switch (leaf.kind) {
    case 'eq':
    case 'equalField':
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte': {
      const milliseconds = canonicalTime(leaf.value);
      if (milliseconds === undefined) return undefined;
      const isEquality = leaf.kind === 'eq' || leaf.kind === 'equalField';
      const test = isEquality ? equalTo(milliseconds) : compared(leaf.kind, milliseconds);
      return (document) => test(document[field]);
    }
    default:
      return undefined;
  }
}

/** The moment that a text writes just as `formatTime` would: the order of such texts is that of the moments. */
function canonicalTime(value: JsonValue): number | undefined {
  if (typeof value !== 'string') return undefined;
  const time = parseTime(value);
  return time !== undefined && formatTime(time.milliseconds) === value ? time.milliseconds : undefined;
}
