import { InvalidArgumentError } from '../errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import type { JsonPatchOperation } from './json-patch.ts';
import { type JsonPointer, parseJsonPointer } from './json-pointer.ts';

/**
 * A JSON Patch (RFC 6902) in what a client sent. Members that an operation does not know are ignored, as section 4 says.
 * @param argument What the client calls it, for the error.
 * @throws {InvalidArgumentError}
 */
export function parseJsonPatch(value: JsonValue | undefined, argument: string): readonly JsonPatchOperation[] {
  if (!Array.isArray(value)) {
    throw new InvalidArgumentError(`${argument}: a JSON Patch is a list of operations`, {
      path: argument,
      expected: 'a list such as [{"op": "replace", "path": "/level", "value": 5}]',
    });
  }
  return value.map((operation, index) => parseOperation(operation, `${argument}.${index}`));
}

function parseOperation(operation: JsonValue, argument: string): JsonPatchOperation {
  if (!isJsonObject(operation)) throw wrong(argument, 'an operation such as {"op": "remove", "path": "/level"}');
  const op = member(operation, 'op');
  switch (op) {
    case 'add':
    case 'replace':
    case 'test': {
      const value = member(operation, 'value');
      // RFC 6902, section 4.1: it must have one; null is a value like any other.
      if (value === undefined) throw wrong(`${argument}.value`, `a JSON value, which ${op} needs`);
      return { op, path: pointer(operation, 'path', argument), value };
    }
    case 'remove':
      return { op, path: pointer(operation, 'path', argument) };
    case 'move':
    case 'copy':
      return { op, from: pointer(operation, 'from', argument), path: pointer(operation, 'path', argument) };
    default:
      throw wrong(`${argument}.op`, 'add, remove, replace, move, copy or test');
  }
}

function pointer(operation: JsonObject, key: string, argument: string): JsonPointer {
  const text = member(operation, key);
  if (typeof text !== 'string') throw wrong(`${argument}.${key}`, "a JSON Pointer such as '/address/city'");
  return parseJsonPointer(text, `${argument}.${key}`);
}

function member(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function wrong(path: string, expected: string): InvalidArgumentError {
  return new InvalidArgumentError(`${path}: expected ${expected}`, { path, expected });
}
