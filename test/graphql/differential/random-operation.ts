import fc, { type GeneratorValue } from 'fast-check';
import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src/document/json.ts';

export interface RandomOperation {
  readonly query: string;
  readonly variables: JsonObject;
  readonly operationName?: string;
}

/** What fits into a place of a schema, and now and then something that does not. */
export class OperationGenerator {
  readonly #schema: GraphQLSchema;
  readonly #ids: readonly string[];
  readonly #choose: GeneratorValue;
  readonly #definitions = new Map<string, string>();
  readonly #variables: Record<string, JsonValue> = {};
  readonly #fragments = new Map<string, string>();
  /** Most operations are valid, so that they are executed. */
  readonly #isValid: boolean;
  #aliases = 0;

  /** @param ids of documents that there may be. */
  constructor(schema: GraphQLSchema, ids: readonly string[], choose: GeneratorValue) {
    this.#schema = schema;
    this.#ids = ids;
    this.#choose = choose;
    this.#isValid = this.#below(5) > 0;
  }

  operation(): RandomOperation {
    const isMutation = this.#below(3) === 0;
    const root = isMutation ? this.#schema.getMutationType() : this.#schema.getQueryType();
    if (root == null) throw new TypeError('the schema has no roots');
    const selections = this.#selectionSet(root, 1);
    const definitions = [...this.#definitions].map(([name, type]) => `$${name}: ${type}`).join(', ');
    const head = `${isMutation ? 'mutation' : 'query'} Op${definitions === '' ? '' : `(${definitions})`}`;
    const explain = !isMutation && this.#below(6) === 0 ? ' @explain' : '';
    const text = [`${head}${explain} ${selections}`, ...this.#fragments.values()].join('\n');
    return {
      query: this.#mayBreak(4) ? this.#damaged(text) : text,
      variables: this.#variables,
      ...(this.#below(4) === 0 && { operationName: this.#mayBreak(2) ? 'Other' : 'Op' }),
    };
  }

  #selectionSet(type: GraphQLObjectType, level: number): string {
    const fields = Object.values(type.getFields()).filter((field) => level < 4 || isLeafType(getNamedType(field.type)));
    const selections = Array.from({ length: 1 + this.#below(level === 1 ? 3 : 5) }, () =>
      this.#selection(type, fields, level),
    );
    return `{ ${selections.join(' ')} }`;
  }

  #selection(type: GraphQLObjectType, fields: readonly GraphQLField<unknown, unknown>[], level: number): string {
    const choice = this.#below(16);
    if (choice === 0 || fields.length === 0) return `__typename${this.#condition()}`;
    if (choice === 1 && level < 4)
      return `... on ${type.name}${this.#condition()} ${this.#selectionSet(type, level + 1)}`;
    if (choice === 2 && level < 4) return `...${this.#condition()} ${this.#selectionSet(type, level + 1)}`;
    if ((choice === 3 || choice === 4) && level < 4) {
      const name = this.#fragment(type, level);
      // One that is still being made would spread itself.
      if (this.#fragments.get(name) !== '' || !this.#isValid) return `...${name}${this.#condition()}`;
    }
    const field = this.#pick(fields);
    if (choice === 5)
      return this.#isValid ? this.#pick(['__proto__: __typename', 'constructor: __typename']) : 'nothing';
    const named = getNamedType(field.type);
    const below = isObjectType(named) ? ` ${this.#selectionSet(named, level + 1)}` : '';
    const args = this.#arguments(field.args);
    return `${this.#alias(args)}${field.name}${args}${this.#condition()}${below}`;
  }

  /** Fields with one name in the response have to be the same, so that their selections can be merged. */
  #alias(args: string): string {
    this.#aliases += 1;
    if (args !== '') return this.#isValid ? `a${this.#aliases}: ` : '';
    const choice = this.#below(5);
    if (choice === 0) return `b${this.#aliases}: `;
    return this.#mayBreak(3) ? `${this.#pick(['a', 'b', 'c'])}: ` : '';
  }

  /** The name of one of two fragments on the type. */
  #fragment(type: GraphQLObjectType, level: number): string {
    const name = `${type.name}${this.#below(2)}`;
    if (!this.#fragments.has(name)) {
      this.#fragments.set(name, '');
      this.#fragments.set(name, `fragment ${name} on ${type.name} ${this.#selectionSet(type, level + 1)}`);
    }
    return name;
  }

  #condition(): string {
    const choice = this.#below(12);
    if (choice > 2) return '';
    const directive = this.#pick(['include', 'skip']);
    const condition = choice === 0 ? this.#pick(['true', 'false']) : this.#variable('Boolean!', this.#below(2) === 0);
    return ` @${directive}(if: ${condition})`;
  }

  #arguments(args: readonly GraphQLArgument[]): string {
    const given = args.filter((arg) => (isNonNullType(arg.type) ? !this.#mayBreak(10) : this.#below(3) === 0));
    if (given.length === 0) return '';
    return `(${given.map((arg) => `${arg.name}: ${this.#argument(arg.name, arg.type)}`).join(', ')})`;
  }

  #argument(name: string, type: GraphQLInputType): string {
    const value = this.#value(name, type, 0);
    return this.#below(2) === 0 ? this.#variable(String(type), value) : this.#literal(value, type);
  }

  /** With a variable here and there. */
  #literal(value: JsonValue, type: GraphQLInputType): string {
    const inner = isNonNullType(type) ? type.ofType : type;
    if (Array.isArray(value)) {
      const item = isListType(inner) ? inner.ofType : inner;
      return `[${value.map((element) => this.#literalPart(element, item, false)).join(', ')}]`;
    }
    if (isJsonObject(value)) {
      const { fields, isOneOf } = isInputObjectType(inner)
        ? { fields: inner.getFields(), isOneOf: inner.isOneOf }
        : { fields: {}, isOneOf: false };
      const parts = Object.entries(value).map(
        ([key, member]) => `${key}: ${this.#literalPart(member, fields[key]?.type ?? inner, isOneOf)}`,
      );
      return `{${parts.join(', ')}}`;
    }
    if (typeof value === 'string' && isEnumType(inner)) return value;
    return typeof value === 'bigint' ? String(value) : JSON.stringify(value);
  }

  #literalPart(value: JsonValue, type: GraphQLInputType, isOneOf: boolean): string {
    if (this.#below(6) > 0) return this.#literal(value, type);
    return this.#variable(isOneOf ? `${type}!` : String(type), value);
  }

  #variable(type: string, value: JsonValue): string {
    const name = this.#below(3) === 0 ? `shared${type.replaceAll(/\W/g, '')}` : `v${this.#definitions.size}`;
    const hasDefault = !type.endsWith('!') && type === 'Int' && this.#below(4) === 0;
    if (!this.#definitions.has(name)) {
      this.#definitions.set(name, hasDefault ? `${type} = 1` : type);
      if (!this.#mayBreak(6)) this.#variables[name] = value;
    }
    return `$${name}`;
  }

  #value(name: string, type: GraphQLInputType, level: number): JsonValue {
    if (isNonNullType(type)) return this.#value(name, type.ofType, level);
    if (this.#mayBreak(20))
      return this.#pick<JsonValue>([null, 1.5, 'odd', true, { odd: 1 }, [[]], 12345678901234567890n]);
    if (isListType(type)) {
      return Array.from({ length: this.#below(3) }, () => this.#value(name, type.ofType, level + 1));
    }
    if (isEnumType(type)) return this.#pick(type.getValues()).name;
    if (isInputObjectType(type)) {
      const fields = Object.values(type.getFields());
      const given = type.isOneOf
        ? [this.#pick(fields)]
        : fields.filter((field) => isNonNullType(field.type) || (level < 3 && this.#below(5) === 0));
      return Object.fromEntries(given.map((field) => [field.name, this.#value(field.name, field.type, level + 1)]));
    }
    return this.#scalar(name, type.name);
  }

  #scalar(name: string, type: string): JsonValue {
    if (type === 'Boolean') return this.#below(2) === 0;
    if (type === 'Int' || type === 'Sequence' || type === 'SafeInt') return this.#below(5);
    if (type === 'DateTime') return this.#pick(['2030-01-01T00:00:00Z', '2023-11-14T22:13:20.000Z', 'no time']);
    if (type === 'ID') return this.#below(10) === 0 ? 'no id' : this.#pick(this.#ids);
    if (type === 'JSON') {
      if (name === 'body' || name === 'merge' || name === 'match') return { n: this.#below(4), tags: ['x', 'y'] };
      if (name === 'increment') return { n: this.#below(3) };
      return this.#pick<JsonValue>([
        0,
        1,
        2,
        'x',
        null,
        ['x'],
        { type: 'object' },
        [{ op: 'remove', path: '/n' }],
        2 ** 60,
      ]);
    }
    if (name === 'path' || name === 'by') return this.#pick(['n', 'tags', '$id', '$version', 'address.city', '$nope']);
    if (name === 'table') return this.#pick(['default', 'other', 'nowhere']);
    return this.#pick(['n', 'tags', 'x', 'other', '']);
  }

  /** Whether to do something, once in so many times, that may make the operation invalid. */
  #mayBreak(times: number): boolean {
    return !this.#isValid && this.#below(times) === 0;
  }

  #damaged(text: string): string {
    const at = this.#below(text.length);
    return `${text.slice(0, at)}${this.#pick(['', '}', '(', '"', ' $x ', '@nope', '\u{1F600}'])}${text.slice(at + 1)}`;
  }

  #below(end: number): number {
    return this.#choose(fc.nat, { max: end - 1 });
  }

  #pick<T>(choices: readonly T[]): T {
    const choice = choices[this.#below(choices.length)];
    if (choice === undefined) throw new TypeError('there is nothing to choose from');
    return choice;
  }
}
