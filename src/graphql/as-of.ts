import type { AsOf } from '../database/database.ts';
import { InvalidArgumentError } from '../errors.ts';
import type { YaradbSchemaBuilder } from './schema-builder.ts';

export type AsOfRef = ReturnType<typeof addAsOf>;

/** Adds `AsOf`, by which queries ask for the past. */
export function addAsOf(builder: YaradbSchemaBuilder) {
  return builder.inputType('AsOf', {
    isOneOf: true,
    description: 'A state of the past, as far as history is kept. What was erased since is not in it.',
    fields: (t) => ({
      sequence: t.field({ type: 'Sequence', description: 'The state after this commit.' }),
      time: t.field({ type: 'DateTime', description: 'The state after the last commit at or before this moment.' }),
    }),
  });
}

/** What a client wrote. Undefined when it asks for the present. */
export function asOfOf(
  input: { readonly sequence?: number | null; readonly time?: number | null } | null | undefined,
): AsOf | undefined {
  if (input == null) return undefined;
  if (input.sequence != null) return { sequence: input.sequence };
  if (input.time != null) return { time: input.time };
  throw new InvalidArgumentError('asOf holds neither a sequence nor a time', {
    path: 'asOf',
    expected: 'either sequence or time',
  });
}
