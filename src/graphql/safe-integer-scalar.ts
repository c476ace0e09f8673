import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';
import type { YaradbSchemaBuilder } from './schema-builder.ts';

/** Adds `Sequence` and `SafeInt`: JSON integers that every client's double holds exactly. */
export function addSafeIntegerScalars(builder: YaradbSchemaBuilder): void {
  builder.addScalarType(
    'Sequence',
    createSafeIntegerScalar('Sequence', "A commit's number within an epoch: a JSON integer up to 2^53 - 1."),
  );
  builder.addScalarType(
    'SafeInt',
    createSafeIntegerScalar('SafeInt', 'A count or a number of bytes: a JSON integer up to 2^53 - 1.'),
  );
}

function createSafeIntegerScalar(name: string, description: string): GraphQLScalarType<number, number> {
  function refuse(found: string): never {
    throw new GraphQLError(`${name} is an integer from 0 to ${Number.MAX_SAFE_INTEGER}, found: ${found}`);
  }
  return new GraphQLScalarType<number, number>({
    name,
    description,
    coerceOutputValue(value) {
      if (isSafeCount(value)) return value;
      // Not a GraphQLError: this is no client's fault.
      throw new RangeError(`${name} cannot represent ${String(value)}`);
    },
    coerceInputValue: (value) => (isSafeCount(value) ? value : refuse(JSON.stringify(String(value)))),
    coerceInputLiteral(node) {
      const value = node.kind === Kind.INT ? Number(node.value) : Number.NaN;
      return isSafeCount(value) ? value : refuse(node.kind === Kind.INT ? node.value : `a value of kind ${node.kind}`);
    },
  });
}

function isSafeCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
