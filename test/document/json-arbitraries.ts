import fc from 'fast-check';
import { defineKey, type JsonObject, type JsonValue } from '../../src/document/json.ts';

const unusualNumbers = [
  2 ** 53 - 1,
  2 ** 53,
  -(2 ** 53) - 2,
  2 ** 60,
  2 ** 63,
  2 ** 64,
  1e21 - 2 ** 17,
  1e20,
  1e21,
  2 ** 70,
  5e-324,
  Number.MAX_VALUE,
];

const unusualKeys = [
  '__proto__',
  'constructor',
  'toJSON',
  'toString',
  'length',
  '',
  '0',
  '10',
  '-1',
  '$id',
  'a.b',
  ':',
];

function exactNumber(integer: bigint): number | bigint {
  const number = Number(integer);
  return BigInt(number) === integer ? number : integer;
}

/** Any Unicode text, without lone surrogates. */
export const stringArbitrary: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ maxLength: 60 }),
);

export const keyArbitrary: fc.Arbitrary<string> = fc.oneof(stringArbitrary, fc.constantFrom(...unusualKeys));

const scalarArbitrary: fc.Arbitrary<JsonValue> = fc.oneof(
  fc.constantFrom<JsonValue>(null, true, false, ...unusualNumbers),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (number === 0 ? 0 : number)),
  fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }).map(exactNumber),
  stringArbitrary,
);

/** Any value that `parseJson` can give. */
export const jsonValueArbitrary: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalarArbitrary,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(keyArbitrary, tie('value')), { maxLength: 4 }).map(objectOf),
    fc.array(fc.tuple(keyArbitrary, scalarArbitrary), { maxLength: 20, size: 'large' }).map(objectOf),
  ),
})).value;

export function objectOf(members: readonly (readonly [string, JsonValue])[]): JsonObject {
  const object: JsonObject = {};
  for (const [key, value] of members) {
    defineKey(object, key, value);
  }
  return object;
}

const space = fc.constantFrom('', '', '', ' ', '\n', '\t', '\r\n', '  ');

const numberText = fc.oneof(
  fc.constantFrom(
    '0',
    '-0',
    '-0.0',
    '-0e5',
    '-1e-400',
    '1e-400',
    '1e999',
    '-1E+999',
    '01',
    '1.',
    '.5',
    '+1',
    '-',
    '1e',
  ),
  fc.constantFrom('999999999999999', '9007199254740991', '9007199254740992', '9007199254740993', '-9007199254740993'),
  fc.constantFrom('100000000000000000000', '1152921504606846976', '1152921504606847000', '9007199254740993.0', '1e21'),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
  fc.double().map(String),
  fc
    .tuple(fc.integer(), fc.option(fc.nat()), fc.constantFrom('e', 'E', 'e+', 'e-'), fc.option(fc.nat(400)))
    .map(
      ([whole, part, mark, power]) => `${whole}${part === null ? '' : `.${part}`}${power === null ? '' : mark + power}`,
    ),
);

const stringPiece = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    ':',
    '"',
    '{',
    '}',
    '[',
    ']',
    ',',
    '\\',
    ' ',
    '\u0000',
    '\ud800',
    'é',
    '\u{1f600}',
    '__proto__',
  ),
  fc.constantFrom(
    '\\"',
    '\\\\',
    '\\/',
    '\\b',
    '\\n',
    '\\u0061',
    '\\u003a',
    '\\u0000',
    '\\ud83d\\ude00',
    '\\uD800',
    '\\udfff',
  ),
  fc.constantFrom('\\ud7ff', '\\x', '\\u12', '1234567890123456', '\\\\ud800', '\\"a\\":', 'http://x'),
);
// Mostly pieces of which strings can consist, so that most texts are JSON.
const quotedText = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('"a"', '"b"', '"\\u0061"', '"c:d"', '"__proto__"', '"x\\"y"', '""', '"1"') },
  { weight: 3, arbitrary: stringArbitrary.map((string) => JSON.stringify(string)) },
  { weight: 1, arbitrary: fc.array(stringPiece, { maxLength: 4 }).map((pieces) => `"${pieces.join('')}"`) },
);

const wellFormedishText = fc.letrec<{ text: string }>((tie) => ({
  text: fc.oneof(
    { depthSize: 'small' },
    fc.oneof(fc.constantFrom('null', 'true', 'false'), fc.integer().map(String), quotedText, numberText),
    fc
      .array(fc.tuple(space, tie('text'), space), { maxLength: 4 })
      .map((elements) => `[${elements.map((parts) => parts.join('')).join(',')}]`),
    fc
      .array(fc.tuple(space, quotedText, space, fc.constant(':'), space, tie('text'), space), { maxLength: 4 })
      .map((members) => `{${members.map((parts) => parts.join('')).join(',')}}`),
  ),
})).text;

/** Texts that are JSON, or nearly so: duplicate keys, escapes of all kinds, numbers of all forms, and slips of the pen. */
export const jsonTextArbitrary: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: wellFormedishText },
  {
    weight: 1,
    arbitrary: fc
      .tuple(wellFormedishText, fc.nat(), fc.nat(2), fc.constantFrom('', ',', ':', '"', '}', ']', '\\', '\ufeff', '0'))
      .map(([text, place, removed, inserted]) => {
        const at = place % (text.length + 1);
        return text.slice(0, at) + inserted + text.slice(at + removed);
      }),
  },
);
