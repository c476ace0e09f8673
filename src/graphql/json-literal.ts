import {
  type ASTNode,
  type ConstObjectFieldNode,
  type ConstValueNode,
  type FloatValueNode,
  GraphQLError,
  type IntValueNode,
  Kind,
  type ValueNode,
} from 'graphql';
import { defineKey, isJsonObject, type JsonValue } from '../document/json.ts';
import { type JsonLimits, parseJson } from '../document/json-parser.ts';
import { stringifyJson } from '../document/json-serializer.ts';
import { DatabaseError, InvalidArgumentError, LimitExceededError } from '../errors.ts';

/**
 * The exact JSON value of a GraphQL literal, by the same rules as JSON text: an integer that no double holds is a
 * `bigint`, a number that overflows is refused, and so are a key that comes twice, an enum value, and what is over
 * `limits`.
 * @throws {GraphQLError} that points at the part that cannot be kept, with a `DatabaseError` as its original error.
 */
export function jsonOfLiteral(node: ValueNode, limits: JsonLimits): JsonValue {
  return convert(node, limits, 1);
}

/** `level` is how many lists and objects there would be, this node included, if it were one. */
function convert(node: ValueNode, limits: JsonLimits, level: number): JsonValue {
  switch (node.kind) {
    case Kind.NULL:
      return null;
    case Kind.BOOLEAN:
    case Kind.STRING: // The lexer has refused lone surrogates.
      return node.value;
    case Kind.INT:
    case Kind.FLOAT:
      return numberOf(node, limits);
    case Kind.LIST:
      checkLevel(node, limits, level);
      return node.values.map((value) => convert(value, limits, level + 1));
    case Kind.OBJECT: {
      checkLevel(node, limits, level);
      const object = {};
      for (const field of node.fields) {
        const key = field.name.value;
        if (Object.hasOwn(object, key)) {
          throw refuse(
            field,
            new InvalidArgumentError(`The key '${key}' comes twice in one object`, { expected: 'keys that differ' }),
          );
        }
        defineKey(object, key, convert(field.value, limits, level + 1));
      }
      return object;
    }
    case Kind.ENUM:
      throw refuse(
        node,
        new InvalidArgumentError(`${node.value} is not JSON: a string stands in double quotes`, {
          expected: 'a JSON value',
        }),
      );
    case Kind.VARIABLE:
      // Execution replaces variables by literals before a scalar sees them.
      throw new TypeError(`The variable $${node.name.value} was not replaced by its value`);
  }
}

/** GraphQL's grammar of numbers is JSON's, so their text means the same in both. */
function numberOf(node: IntValueNode | FloatValueNode, limits: JsonLimits): JsonValue {
  try {
    return parseJson(node.value, limits);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    // The parser tells where it is in its own text: where the number stands in the document is told by the node.
    const { path: _path, ...evidence } = error.evidence;
    const number = node.value.length > 40 ? `${node.value.slice(0, 40)}…` : node.value;
    throw refuse(
      node,
      new DatabaseError(error.code, `The number ${number} cannot be kept exactly: ${reasonOf(error)}`, evidence),
    );
  }
}

function reasonOf({ code }: DatabaseError): string {
  return code === 'LIMIT_EXCEEDED'
    ? 'it has too many digits'
    : 'it is beyond the range of doubles; send it as a string';
}

function checkLevel(node: ValueNode, { nestingMax }: JsonLimits, level: number): void {
  if (level <= nestingMax) return;
  const message = `Lists and objects nest deeper than ${nestingMax} levels`;
  throw refuse(node, new LimitExceededError(message, { limit: nestingMax }));
}

function refuse(node: ASTNode, error: DatabaseError): GraphQLError {
  return new GraphQLError(error.message, { nodes: node, originalError: error });
}

/**
 * The literal of a JSON value, from which `jsonOfLiteral` makes the same value again: that is how the value of a variable
 * gets into the literal around it. graphql-js' own would write 2^60 with the digits of another integer. The keys
 * need not be GraphQL names.
 */
export function literalOfJson(value: JsonValue): ConstValueNode {
  if (value === null) return { kind: Kind.NULL };
  if (typeof value === 'boolean') return { kind: Kind.BOOLEAN, value };
  if (typeof value === 'string') return { kind: Kind.STRING, value };
  if (typeof value === 'number' || typeof value === 'bigint') {
    const text = stringifyJson(value);
    return { kind: /^-?\d+$/.test(text) ? Kind.INT : Kind.FLOAT, value: text };
  }
  if (!isJsonObject(value)) return { kind: Kind.LIST, values: value.map(literalOfJson) };
  const fields = Object.entries(value).map(
    ([key, member]): ConstObjectFieldNode => ({
      kind: Kind.OBJECT_FIELD,
      name: { kind: Kind.NAME, value: key },
      value: literalOfJson(member),
    }),
  );
  return { kind: Kind.OBJECT, fields };
}
