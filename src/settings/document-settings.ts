import { type Setting, size, wholeNumber } from '../setting.ts';

/** What one document, and one request with documents, may be. */
export const documentSettings = {
  bodyBytesMax: {
    flag: 'body-bytes-max',
    environment: ['YARADB_BODY_BYTES_MAX'],
    default: '16MiB',
    // A text of five characters, 1e20 in a list, is written with 22: more than this could become longer than a string can be.
    type: size('1KiB', '64MiB'),
    help: 'Greatest request body. A longer one is refused with 413 before it is held in memory.',
  },
  documentBytesMax: {
    flag: 'document-bytes-max',
    environment: ['YARADB_DOCUMENT_BYTES_MAX'],
    default: '16MiB',
    type: size('1KiB', '64MiB'),
    help: 'Longest body of a document that a patch, a transaction or a combination may make, as JSON, about. Longer ones are refused with LIMIT_EXCEEDED. What is sent is bounded by --body-bytes-max.',
  },
  nestingMax: {
    flag: 'nesting-max',
    environment: ['YARADB_NESTING_MAX'],
    default: '512',
    type: wholeNumber('LEVELS', 8, 1_000),
    help: 'Deepest nesting of lists and objects in JSON that comes in. Deeper JSON is refused with LIMIT_EXCEEDED.',
  },
  integerDigitsMax: {
    flag: 'integer-digits-max',
    environment: ['YARADB_INTEGER_DIGITS_MAX'],
    default: '1024',
    type: wholeNumber('DIGITS', 16, 100_000),
    help: 'Most digits of an integer, which is kept exactly. A longer one is refused with LIMIT_EXCEEDED, since its cost grows faster than its length.',
  },
} as const satisfies Readonly<Record<string, Setting<unknown>>>;
