import { Ajv, type ErrorObject, type Format, type FormatDefinition, type Options, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formatsPlugin from 'ajv-formats';
import { RE2JS } from 're2js';
import { canonicalize } from '../document/canonical-json.ts';
import { defineKey, isJsonObject, type JsonObject, type JsonValue } from '../document/json.ts';
import { isTextLonger } from '../document/json-length.ts';
import { escapeKey } from '../document/path.ts';
import { InvalidArgumentError, LimitExceededError, type SchemaViolation } from '../errors.ts';
import { ReferenceLimit } from './reference-limit.ts';

/** Characters of a schema as JSON text, about: compiling one takes time in proportion, and everybody waits for it. */
export const schemaLengthMax = 64 * 1024;

/** Told of one body. */
const violationsMax = 20;

/** A body longer than this is told its first violation only: a list of a million wrong elements would make a million. */
const wholeReportLengthMax = 64 * 1024;

/** Some formats take time that grows with the square of the text. Nothing that has one of them is as long as this. */
const formattedLengthMax = 2_048;

/**
 * A JSON Schema, compiled: draft 2020-12, or draft-07 where its `$schema` says so. Formats are checked, patterns are matched in linear time (in the syntax of
 * RE2), unknown keywords are annotations, as the standard has it; an unknown format is refused, for nothing would be checked.
 *
 * An integer that no double holds counts as the nearest number, so bounds and constants are as exact as a double.
 */
export class BodySchema {
  readonly #schema: JsonObject;
  readonly #references = new ReferenceLimit();
  readonly #accepts: ValidateFunction;
  #reports: ValidateFunction | null = null;

  /**
   * @throws {InvalidArgumentError} When it is no schema, refers to another document or another draft, or has a pattern that RE2 has not.
   * @throws {LimitExceededError} When it is too long, or follows too many references even for an empty body.
   */
  constructor(schema: JsonObject) {
    if (isTextLonger(schema, schemaLengthMax)) {
      throw new LimitExceededError(`A schema may have ${schemaLengthMax} characters, and this one has more`, {
        limit: schemaLengthMax,
        path: argument,
      });
    }
    this.#schema = schema;
    const draft = draftOf(schema);
    checkAgainstDraft(schema, draft);
    this.#accepts = compile(schema, draft, false, this.#references);
  }

  /**
   * What is wrong with the body, the first 20 at most; none when it fits.
   * @throws {LimitExceededError} When the schema follows too many references to tell.
   */
  violations(body: JsonObject): readonly SchemaViolation[] {
    const value = withoutBigints(body);
    try {
      this.#references.begin(value);
      if (this.#accepts(value)) return [];
      if (isTextLonger(body, wholeReportLengthMax)) return toViolations(this.#accepts.errors);
      this.#reports ??= compile(this.#schema, draftOf(this.#schema), true, this.#references);
      this.#references.begin(value);
      this.#reports(value);
      return toViolations(this.#reports.errors);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return [{ path: '', message: 'is nested deeper than the references of the schema can be followed' }];
    }
  }
}

const argument = 'settings.schema';
const draft2020 = 'https://json-schema.org/draft/2020-12/schema';
const draft07 = 'http://json-schema.org/draft-07/schema';

type Draft = typeof draft2020 | typeof draft07;

function draftOf({ $schema }: JsonObject): Draft {
  if ($schema === undefined) return draft2020;
  const named =
    typeof $schema === 'string' ? $schema.replace(/#$/, '').replace(/^https:(?=.*draft-07)/, 'http:') : null;
  if (named === draft2020 || named === draft07) return named;
  throw new InvalidArgumentError(`${argument}: $schema names a draft that is not known here`, {
    path: `${argument}.\\$schema`,
    expected: `${draft2020}, ${draft07}#, or none, which means the former`,
  });
}

/** One for each draft, to check schemas against their meta-schema, which is compiled once. */
const validators = new Map<Draft, Ajv>();

function checkAgainstDraft(schema: JsonObject, draft: Draft): void {
  let validator = validators.get(draft);
  if (validator === undefined) {
    validator = create(draft, { logger: false });
    validators.set(draft, validator);
  }
  const { $schema: _, ...rest } = schema;
  if (
    validator.validateSchema(withoutBigints({ ...rest, $schema: draft === draft07 ? `${draft07}#` : draft2020 })) ===
    true
  )
    return;
  const [first] = toViolations(validator.errors);
  const where = first === undefined || first.path === '' ? argument : `${argument}.${first.path}`;
  throw new InvalidArgumentError(`${where} ${first?.message ?? 'is no JSON Schema'}`, {
    path: where,
    expected: draft === draft07 ? 'a JSON Schema of draft-07' : 'a JSON Schema of draft 2020-12',
  });
}

/** In an instance of its own, so that what is named `$id` in one schema does not exist for another. */
function compile(schema: JsonObject, draft: Draft, allErrors: boolean, references: ReferenceLimit): ValidateFunction {
  const { $schema: _, ...rest } = schema;
  if (rest.$async !== undefined) throw invalid('$async', 'is not part of JSON Schema');
  refuseUncheckedKey(rest);
  const unknownFormats: string[] = [];
  const warn = (message: unknown) => {
    if (String(message).startsWith('unknown format')) unknownFormats.push(String(message));
  };
  const ajv = create(draft, {
    allErrors,
    validateSchema: false,
    meta: false,
    logger: { log: () => {}, warn, error: () => {} },
  });
  references.watch(ajv);
  let validate: ValidateFunction;
  try {
    validate = ajv.compile(withoutBigints(rest));
    references.begin({});
    validate({});
  } catch (error) {
    if (error instanceof InvalidArgumentError || error instanceof LimitExceededError || !(error instanceof Error))
      throw error;
    const reason =
      error instanceof RangeError
        ? 'it refers to itself without end, or has too many keywords beside each other to be compiled'
        : error.message;
    throw new InvalidArgumentError(
      `${argument}: ${reason}`,
      { path: argument, expected: 'a JSON Schema that refers to nothing outside of itself' },
      { cause: error },
    );
  }
  const [unknown] = unknownFormats;
  if (unknown !== undefined) {
    const name = /"(.*?)"/.exec(unknown)?.[1] ?? '';
    throw invalid('format', `'${name}' is not known, so nothing would be checked`);
  }
  return validate;
}

/** The compiler passes over a property of this name, so nothing would be checked. Elsewhere in a schema the name is a key like all others. */
function refuseUncheckedKey(value: JsonValue): void {
  if (Array.isArray(value)) value.forEach(refuseUncheckedKey);
  if (!isJsonObject(value)) return;
  for (const [keyword, member] of Object.entries(value)) {
    if (keyword === 'const' || keyword === 'enum') continue;
    const names = keyword === 'properties' || keyword === 'dependencies';
    if (names && isJsonObject(member) && Object.hasOwn(member, '__proto__')) {
      throw invalid(keyword, "cannot check '__proto__' by its name: write patternProperties with '^__proto__$'");
    }
    refuseUncheckedKey(member);
  }
}

function invalid(keyword: string, problem: string): InvalidArgumentError {
  return new InvalidArgumentError(`${argument}: ${keyword} ${problem}`, { path: argument, expected: 'a JSON Schema' });
}

function create(draft: Draft, options: Options): Ajv {
  const all: Options = {
    ...options,
    strict: false,
    validateFormats: true,
    ownProperties: true,
    // A quotient such as 0.07 / 0.01 is not whole in doubles, though the decimals that were written are multiples.
    multipleOfPrecision: 8,
    // The optimizer takes time that grows with the square of a schema, in which everybody waits; V8 optimizes what is run often.
    code: { regExp: linearRegExp, optimize: false },
  };
  const ajv = draft === draft07 ? new Ajv(all) : new Ajv2020(all);
  formatsPlugin.default(ajv);
  for (const [name, format] of Object.entries(ajv.formats)) {
    if (name !== 'byte') ajv.addFormat(name, limitedFormat(format));
  }
  // Its own looks at each pair of elements, so that a long list would hold everybody up.
  ajv.removeKeyword('uniqueItems');
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    error: { message: 'must not have the same element twice' },
    validate: (isUnique: boolean, list: readonly JsonValue[]) =>
      !isUnique || new Set(list.map(canonicalize)).size === list.length,
  });
  return ajv;
}

/** The same format, for texts of a length at which it takes no time. Numbers and what is checked nowhere stay as they are. */
function limitedFormat(format: Format | undefined): Format {
  if (format === undefined || format === true || typeof format === 'string') return true;
  if (format instanceof RegExp || typeof format === 'function') return limited(format);
  if (!isTextFormat(format) || typeof format.validate === 'string') return format;
  return { ...format, validate: limited(format.validate) };
}

function isTextFormat(format: Exclude<Format, string>): format is FormatDefinition<string> {
  return typeof format === 'object' && !(format instanceof RegExp) && format.async !== true && format.type !== 'number';
}

function limited(test: RegExp | ((text: string) => boolean)): (text: string) => boolean {
  const passes = test instanceof RegExp ? (text: string) => test.test(text) : test;
  return (text) => text.length <= formattedLengthMax && passes(text);
}

const linearRegExp = Object.assign(
  (pattern: string) => {
    try {
      const compiled = RE2JS.compile(pattern);
      return { test: (text: string) => compiled.test(text) };
    } catch (error) {
      throw new InvalidArgumentError(
        `${argument}: the pattern ${pattern}: ${error instanceof Error ? error.message : String(error)}`,
        { path: argument, expected: 'patterns in the syntax of RE2, which has no look-around' },
        { cause: error },
      );
    }
  },
  { code: 'linearRegExp' },
);

function toViolations(errors: readonly ErrorObject[] | null | undefined): readonly SchemaViolation[] {
  return (errors ?? []).slice(0, violationsMax).map(toViolation);
}

function toViolation({ instancePath, keyword, params, message }: ErrorObject): SchemaViolation {
  const keys = instancePath
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const at = (...more: string[]) => [...keys, ...more].map(escapeKey).join('.');
  switch (keyword) {
    case 'required':
      return { path: at(String(params.missingProperty)), message: 'is required' };
    case 'additionalProperties':
      return { path: at(String(params.additionalProperty)), message: 'is not allowed by the schema' };
    case 'unevaluatedProperties':
      return { path: at(String(params.unevaluatedProperty)), message: 'is not allowed by the schema' };
    case 'enum':
      return { path: at(), message: `must be one of ${listText(params.allowedValues)}` };
    case 'const':
      return { path: at(), message: `must be ${canonicalize(params.allowedValue)}` };
    default:
      return { path: at(), message: message ?? `does not fit '${keyword}'` };
  }
}

function listText(values: readonly JsonValue[]): string {
  const text = values.map(canonicalize).join(', ');
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** The same value where there are none; else a copy with the nearest numbers. */
function withoutBigints<T extends JsonValue>(value: T): T {
  return hasBigint(value) ? (copyWithoutBigints(value) as T) : value;
}

function hasBigint(value: JsonValue): boolean {
  if (typeof value === 'bigint') return true;
  if (Array.isArray(value)) return value.some(hasBigint);
  return isJsonObject(value) && Object.values(value).some(hasBigint);
}

function copyWithoutBigints(value: JsonValue): JsonValue {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isFinite(number) ? number : Math.sign(number) * Number.MAX_VALUE;
  }
  if (Array.isArray(value)) return value.map(copyWithoutBigints);
  if (!isJsonObject(value)) return value;
  const copy: JsonObject = {};
  for (const [key, member] of Object.entries(value)) defineKey(copy, key, copyWithoutBigints(member));
  return copy;
}
