import { type Setting, wholeNumber } from '../setting.ts';

/** What one filter, one order and one page may be. */
export const querySettings = {
  pageSizeMax: {
    flag: 'page-size-max',
    environment: ['YARADB_PAGE_SIZE_MAX'],
    default: '1000',
    type: wholeNumber('DOCUMENTS', 100, 100_000),
    help: 'Most documents that a client may ask for in one page. More is refused with LIMIT_EXCEEDED.',
  },
  filterDepthMax: {
    flag: 'filter-depth-max',
    environment: ['YARADB_FILTER_DEPTH_MAX'],
    default: '64',
    type: wholeNumber('LEVELS', 4, 256),
    help: 'Deepest nesting of filters in each other (and, or, not, some). Deeper ones are refused with LIMIT_EXCEEDED.',
  },
  filterPartsMax: {
    flag: 'filter-parts-max',
    environment: ['YARADB_FILTER_PARTS_MAX'],
    default: '1000',
    type: wholeNumber('PARTS', 10, 10_000),
    help: 'Most parts of one filter: fields, operators and values of all, each of which is work for every document that is looked at. More is refused with LIMIT_EXCEEDED.',
  },
  filterValuesMax: {
    flag: 'filter-values-max',
    environment: ['YARADB_FILTER_VALUES_MAX'],
    default: '10000',
    type: wholeNumber('VALUES', 10, 1_000_000),
    help: 'Most values in the lists of in and notIn of one filter. More is refused with LIMIT_EXCEEDED.',
  },
  regexLengthMax: {
    flag: 'regex-length-max',
    environment: ['YARADB_REGEX_LENGTH_MAX'],
    default: '1000',
    type: wholeNumber('CHARACTERS', 10, 10_000),
    help: 'Longest regular expression. A longer one, or one that repeats so much that it compiles to over 2000 instructions, is refused with LIMIT_EXCEEDED.',
  },
  sortPathsMax: {
    flag: 'sort-paths-max',
    environment: ['YARADB_SORT_PATHS_MAX'],
    default: '8',
    type: wholeNumber('PATHS', 1, 32),
    help: 'Most paths that one list is sorted by. More is refused with LIMIT_EXCEEDED.',
  },
} as const satisfies Readonly<Record<string, Setting<unknown>>>;
