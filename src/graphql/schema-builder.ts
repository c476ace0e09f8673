import SchemaBuilder from '@pothos/core';
import type { JsonValue } from '../document/json.ts';
import type { OperationContext } from './operation-context.ts';

interface SchemaTypes {
  Context: OperationContext;
  DefaultFieldNullability: false;
  Scalars: {
    ID: { Input: string; Output: string };
    JSON: { Input: JsonValue; Output: JsonValue };
    DateTime: { Input: number; Output: number };
    Sequence: { Input: number; Output: number };
    SafeInt: { Input: number; Output: number };
  };
}

export type YaradbSchemaBuilder = PothosSchemaTypes.SchemaBuilder<PothosSchemaTypes.ExtendDefaultTypes<SchemaTypes>>;

/** An empty builder. Each schema has one of its own, so that schemas made from different values can live side by side. */
export function createSchemaBuilder(): YaradbSchemaBuilder {
  const builder = new SchemaBuilder<SchemaTypes>({ defaultFieldNullability: false });
  builder.queryType({ description: 'All root fields of one query see one state of the database.' });
  builder.mutationType({
    description:
      'Each root field commits by itself, in order: a failed one is null with its error, and the others stand. ' +
      'A field is answered once its commit is durable, as the durability in `status` says.',
  });
  return builder;
}
