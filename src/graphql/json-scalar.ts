import { GraphQLScalarType } from 'graphql';
import type { JsonValue } from '../document/json.ts';
import type { JsonLimits } from '../document/json-parser.ts';
import { jsonOfLiteral, literalOfJson } from './json-literal.ts';
import type { YaradbSchemaBuilder } from './schema-builder.ts';

/** Adds `JSON`: exact by variables, where the request's parser has seen to it, and by literals. */
export function addJsonScalar(builder: YaradbSchemaBuilder, limits: JsonLimits): void {
  builder.addScalarType(
    'JSON',
    new GraphQLScalarType<JsonValue, JsonValue>({
      name: 'JSON',
      description:
        'Any JSON value, exactly: an integer keeps all its digits. Variables and literals mean the same, but the keys of ' +
        'an object literal are GraphQL names.',
      specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259',
      coerceOutputValue: passThrough,
      coerceInputValue: passThrough,
      coerceInputLiteral: (node) => jsonOfLiteral(node, limits),
      valueToLiteral: (value) => literalOfJson(passThrough(value)),
    }),
  );
}

/** What comes here is JSON already: request bodies and documents are made of nothing else. */
function passThrough(value: unknown): JsonValue {
  return value as JsonValue;
}
