import { readFileSync } from 'node:fs';
import {
  buildSchema,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  getNamedType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { abusiveDocuments } from '../abuse/graphql-documents.ts';
import type { SeededRandom } from '../fault/seeded-random.ts';
import { anyJson, exactObject, randomText, repeated } from './json-grammar.ts';
import { randomId, randomPath, randomPattern, randomTable, randomVersion } from './names.ts';
import type { RequestDraft } from './request-draft.ts';
import { change, schema as tableSchema } from './rest-grammar.ts';

const schema = buildSchema(readFileSync(new URL('../../schema/schema.graphql', import.meta.url), 'utf8'));
const depthMax = 5;

/** A request for what the schema offers, found by walking it, right but for a value here and there. */
export function graphqlRequest(random: SeededRandom): RequestDraft {
  const { query, variables } = random.chance(0.005) ? abusive(random) : new OperationWriter(random).write();
  const accept = random.pick(['application/json', 'application/graphql-response+json', '*/*']);
  // A mutation by GET has to be refused.
  if (random.chance(query.startsWith('mutation') ? 0.02 : 0.1)) {
    const parameters = `query=${encodeURIComponent(query)}&variables=${encodeURIComponent(variables)}`;
    if (parameters.length < 6_000) return { method: 'GET', path: `/graphql?${parameters}`, headers: { accept } };
  }
  return {
    method: 'POST',
    path: '/graphql',
    headers: { accept, 'content-type': 'application/json' },
    body: `{"query":${JSON.stringify(query)},"variables":${variables}}`,
  };
}

function abusive(random: SeededRandom): Operation {
  return { query: random.pick(Object.values(abusiveDocuments)), variables: '{}' };
}

interface Operation {
  readonly query: string;
  /** A JSON text. */
  readonly variables: string;
}

class OperationWriter {
  readonly #random: SeededRandom;
  readonly #declared: string[] = [];
  readonly #variables: string[] = [];
  readonly #fragments: string[] = [];

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  write(): Operation {
    const random = this.#random;
    const mutation = random.chance(0.45);
    const type = mutation ? schema.getMutationType() : schema.getQueryType();
    if (!isObjectType(type)) throw new TypeError('Expected a root type');
    const selections = this.#selections(type.name, depthMax, random.chance(0.9) ? 1 : 3);
    const declared = this.#declared.length === 0 ? '' : `(${this.#declared.join(', ')})`;
    const explain = !mutation && random.chance(0.05) ? ' @explain' : '';
    const name = random.chance(0.5) ? ' Fuzzed' : '';
    return {
      query: `${mutation ? 'mutation' : 'query'}${name}${declared}${explain} ${selections} ${this.#fragments.join(' ')}`,
      variables: `{${this.#variables.join(',')}}`,
    };
  }

  #selections(typeName: string, depth: number, fieldsMax: number): string {
    const random = this.#random;
    const type = schema.getType(typeName);
    if (isAbstractType(type)) {
      const inner = schema
        .getPossibleTypes(type)
        .map(({ name }) => `... on ${name} ${this.#selections(name, depth - 1, 3)}`);
      return `{ __typename ${inner.join(' ')} }`;
    }
    if (!isObjectType(type)) throw new TypeError(`Expected an object type, not ${typeName}`);
    const fields = Object.values(type.getFields()).filter((field) => depth > 0 || isLeafType(getNamedType(field.type)));
    const texts = Array.from({ length: 1 + random.below(fieldsMax) }, () => {
      const field = fields.length === 0 ? undefined : random.pick(fields);
      // What drops a table leaves nothing for the others.
      const isSkipped = field === undefined || random.chance(field.name === 'dropTable' ? 0.9 : 0.03);
      return isSkipped ? '__typename' : this.#field(field, depth);
    });
    if (random.chance(0.03))
      texts.push(`... on ${typeName} @include(if: ${random.pick(['true', 'false'])}) { __typename }`);
    if (random.chance(0.05)) {
      const name = `F${this.#fragments.length}`;
      this.#fragments.push(`fragment ${name} on ${typeName} { ${texts.join(' ')} }`);
      return `{ ...${name} ...${name} }`;
    }
    return `{ ${texts.join(' ')} }`;
  }

  #field(field: GraphQLField<unknown, unknown>, depth: number): string {
    const random = this.#random;
    // Two fields of one name are refused, mostly.
    const alias = random.chance(0.1) ? `${random.pick(['a', 'b', 'c', '__proto__', 'constructor', 'toString'])}: ` : '';
    const given = field.args.flatMap((arg) => this.#argument(arg, 3) ?? []);
    const args = given.length === 0 ? '' : `(${given.join(', ')})`;
    const directive = random.chance(0.02) ? ` @skip(if: ${random.pick(['true', 'false'])})` : '';
    const type = getNamedType(field.type);
    const inner = isLeafType(type) ? '' : ` ${this.#selections(type.name, depth - 1, 5)}`;
    return `${alias}${field.name}${args}${directive}${inner}`;
  }

  /** Undefined when it is left out. */
  #argument(input: GraphQLArgument | GraphQLInputField, depth: number): string | undefined {
    const random = this.#random;
    const chance = isNonNullType(input.type) ? 0.98 : input.name === 'id' ? 0.8 : depth === 3 ? 0.3 : 0.15;
    if (!random.chance(chance)) return undefined;
    if (depth === 3 && random.chance(0.4)) {
      const name = `v${this.#declared.length}`;
      this.#declared.push(`$${name}: ${input.type}`);
      this.#variables.push(`"${name}":${this.#value(input.name, input.type, depth, jsonForm)}`);
      return `${input.name}: $${name}`;
    }
    return `${input.name}: ${this.#value(input.name, input.type, depth, literalForm)}`;
  }

  #value(name: string, type: GraphQLInputType, depth: number, form: Form): string {
    const random = this.#random;
    if (isNonNullType(type)) return this.#value(name, type.ofType, depth, form);
    if (random.chance(0.02)) return random.pick(['null', '1', '"x"', '[]', '{}', 'true', '-1.5', '99999999999']);
    if (isListType(type))
      return `[${repeated(random, 3, () => this.#value(name, type.ofType, depth, form)).join(', ')}]`;
    if (isEnumType(type)) return form.enumeration(random.pick(type.getValues()).name);
    if (isInputObjectType(type)) {
      const fields = Object.values(type.getFields());
      if (type.isOneOf) return form.object([this.#member(random.pick(fields), depth, form)]);
      const given = fields.filter(
        (field) =>
          isNonNullType(field.type) || (depth > 0 && random.chance(type.name === 'DocumentFilter' ? 0.08 : 0.3)),
      );
      const path =
        type.name === 'DocumentFilter' && random.chance(0.7) ? fields.filter((field) => field.name === 'path') : [];
      return form.object([...new Set([...given, ...path])].map((field) => this.#member(field, depth, form)));
    }
    return scalarText(random, name, type.toString(), form);
  }

  #member(field: GraphQLInputField, depth: number, form: Form): readonly [name: string, text: string] {
    return [field.name, this.#value(field.name, field.type, depth - 1, form)];
  }
}

/** How a value is written: in a document or among the variables. */
interface Form {
  enumeration(name: string): string;
  object(members: readonly (readonly [name: string, text: string])[]): string;
  /** A JSON text where the schema has a `JSON`. */
  json(text: string): string;
}

const jsonForm: Form = {
  enumeration: (name) => `"${name}"`,
  object: (members) => `{${members.map(([name, text]) => `"${name}":${text}`).join(',')}}`,
  json: (text) => text,
};

const literalForm: Form = {
  enumeration: (name) => name,
  object: (members) => `{${members.map(([name, text]) => `${name}: ${text}`).join(', ')}}`,
  // The keys of a literal are names without quotes, and its texts have the escapes of JSON: `"a":` is `a:`, or refused.
  json: (text) => text.replaceAll(/"(\w+)":/g, '$1:'),
};

function scalarText(random: SeededRandom, name: string, type: string, form: Form): string {
  switch (type) {
    case 'ID':
      return JSON.stringify(randomId(random));
    case 'Boolean':
      return random.pick(['true', 'false']);
    case 'Int':
      return name === 'version'
        ? randomVersion(random)
        : random.pick(['0', '1', '2', '10', '-1', '1000', '1001', '2147483648']);
    case 'Sequence':
    case 'SafeInt':
      return random.pick(['0', '1', '5', '20', '-1', '9007199254740991', '9007199254740992']);
    case 'DateTime':
      return JSON.stringify(
        random.pick(['2026-01-05T12:00:00Z', '2099-12-31T23:59:60Z', '0000-00-00T00:00:00Z', 'now']),
      );
    case 'JSON':
      return form.json(jsonText(random, name));
    default:
      return JSON.stringify(stringFor(random, name));
  }
}

function jsonText(random: SeededRandom, name: string): string {
  if (name === 'body' || name === 'match') return exactObject(random);
  if (name === 'schema') return tableSchema(random);
  if (name === 'merge' || name === 'patch' || name === 'increment') {
    const text = change(random);
    // One kind of change where its own name stands is right, and another one there is not.
    return text.slice(text.indexOf(':') + 1, -1);
  }
  return anyJson(random);
}

function stringFor(random: SeededRandom, name: string): string {
  if (name === 'table') return randomTable(random);
  if (/path|^(groupBy|sum|avg|min|max|distinct|by)$/i.test(name)) return randomPath(random);
  if (name === 'regex') return randomPattern(random);
  if (name === 'name' && random.chance(0.7)) return randomTable(random);
  if (name === 'idempotencyKey') return `key-${random.below(200)}`;
  if (name === 'after' || name === 'before') return random.pick(['', 'e30=', 'WzFd', 'AAAA', '%%%']);
  return randomText(random);
}
