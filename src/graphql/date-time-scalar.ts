import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';
import { formatTime, parseTime } from '../document/timestamp.ts';
import type { YaradbSchemaBuilder } from './schema-builder.ts';

/** Adds `DateTime`: milliseconds since the Unix epoch inside, RFC 3339 outside. */
export function addDateTimeScalar(builder: YaradbSchemaBuilder): void {
  builder.addScalarType(
    'DateTime',
    new GraphQLScalarType<number, string>({
      name: 'DateTime',
      description: 'A moment as in RFC 3339. Answers are in UTC, with milliseconds: 2026-07-25T09:30:00.000Z.',
      specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339',
      coerceOutputValue(value) {
        if (typeof value === 'number') return formatTime(value);
        // Not a GraphQLError: this is no client's fault.
        throw new TypeError(`DateTime cannot represent ${String(value)}`);
      },
      coerceInputValue: (value) => parse(typeof value === 'string' ? value : undefined),
      coerceInputLiteral: (node) => parse(node.kind === Kind.STRING ? node.value : undefined),
    }),
  );
}

function parse(text: string | undefined): number {
  const time = text === undefined ? undefined : parseTime(text);
  if (time === undefined) {
    const found = text === undefined ? 'something that is no string' : JSON.stringify(text);
    throw new GraphQLError(`DateTime is an RFC 3339 string such as "2026-07-25T09:30:00.000Z", found: ${found}`);
  }
  return time.milliseconds;
}
