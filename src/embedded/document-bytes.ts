import { Buffer } from 'node:buffer';
import type { Document } from '../document/document.ts';
import type { JsonValue } from '../document/json.ts';

/** What V8 takes on a 64-bit machine, in bytes: measured, and held against the real heap by a test. */
const wordBytes = 8;
const objectBytes = 3 * wordBytes;
/** An object without members has room for some. */
const emptyObjectBytes = 7 * wordBytes;
const emptyListBytes = 4 * wordBytes;
const listBytes = 6 * wordBytes;
const boxedNumberBytes = 2 * wordBytes;
const textHeaderBytes = 2 * wordBytes;
/** Of a document without its body and name: the object and its boxed numbers, id, hash, and its places in the map and the lists. */
const documentBytesWithoutBody = 340;

/**
 * About how many bytes a document takes in memory. Counted, because asking the system how much there is takes longer than a whole
 * create, and tells what is garbage, too; so a document that is erased gives room at once. It is a walk over the body, which takes
 * about a sixth of the time in which `JSON.parse` made it. What it cannot see is what V8 adds for keys that no other document has.
 */
export function documentBytes({ body, name, table }: Document): number {
  return documentBytesWithoutBody + valueBytes(body) + (name === table.name ? 0 : textBytes(name));
}

/** Recursive, as deep as documents nest, which is limited where they come in. */
function valueBytes(value: JsonValue | undefined): number {
  switch (typeof value) {
    case 'string':
      return textBytes(value);
    case 'number':
      return isSmall(value) ? 0 : boxedNumberBytes;
    case 'bigint':
      return textHeaderBytes + wordBytes * Math.ceil(value.toString(16).length / 16);
    case 'object':
      if (value === null) return 0;
      return isList(value) ? listBytesOf(value) : objectBytesOf(value);
    default:
      return 0;
  }
}

function isList(value: object): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function objectBytesOf(value: Readonly<Record<string, JsonValue>>): number {
  let bytes = 0;
  // Inherited keys are none: documents are plain objects. Keys themselves are shared between documents.
  for (const key in value) bytes += wordBytes + valueBytes(value[key]);
  return bytes === 0 ? emptyObjectBytes : objectBytes + bytes;
}

function listBytesOf(value: readonly JsonValue[]): number {
  if (value.length === 0) return emptyListBytes;
  let bytes = 0;
  let numbersOnly = true;
  for (const item of value) {
    if (typeof item !== 'number') numbersOnly = false;
    bytes += valueBytes(item);
  }
  // A list of numbers holds them unboxed.
  return listBytes + wordBytes * value.length + (numbersOnly ? 0 : bytes);
}

/** Whether V8 keeps the number in the place of a pointer. */
function isSmall(value: number): boolean {
  return (value | 0) === value;
}

const shortTextUnits = 24;

/**
 * V8 keeps a code unit in one byte where all of a text are below 256, else in two. Telling takes a look at each, so short texts count
 * as one byte a unit, which is off by less than their header, and of longer ones any that is not ASCII as two.
 */
function textBytes(text: string): number {
  const { length } = text;
  const twoBytes = length > shortTextUnits && Buffer.byteLength(text) !== length;
  const bytes = twoBytes ? length * 2 : length;
  return textHeaderBytes + Math.ceil(bytes / wordBytes) * wordBytes;
}
