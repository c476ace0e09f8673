import { choice, type Setting, wholeNumber } from '../setting.ts';

/** What one GraphQL document may be. */
export const graphqlSettings = {
  graphqlTokensMax: {
    flag: 'graphql-tokens-max',
    environment: ['YARADB_GRAPHQL_TOKENS_MAX'],
    default: '100000',
    type: wholeNumber('TOKENS', 100, 1_000_000),
    help: 'Most names, values and punctuation in one GraphQL document. More is refused with LIMIT_EXCEEDED; send large values as variables.',
  },
  graphqlDepthMax: {
    flag: 'graphql-depth-max',
    environment: ['YARADB_GRAPHQL_DEPTH_MAX'],
    default: '32',
    type: wholeNumber('LEVELS', 4, 100),
    help: 'Deepest nesting of selections in a GraphQL document, fragments followed. Introspection needs 15. Deeper ones are refused with LIMIT_EXCEEDED.',
  },
  graphqlFieldsMax: {
    flag: 'graphql-fields-max',
    environment: ['YARADB_GRAPHQL_FIELDS_MAX'],
    default: '5000',
    type: wholeNumber('FIELDS', 10, 100_000),
    help: 'Most fields that a GraphQL document may select, those of a fragment counted wherever it is spread. More is refused with LIMIT_EXCEEDED.',
  },
  graphqlAliasesMax: {
    flag: 'graphql-aliases-max',
    environment: ['YARADB_GRAPHQL_ALIASES_MAX'],
    default: '1000',
    type: wholeNumber('ALIASES', 0, 100_000),
    help: 'Most aliases in a GraphQL document, counted likewise. More is refused with LIMIT_EXCEEDED.',
  },
  graphqlDirectivesMax: {
    flag: 'graphql-directives-max',
    environment: ['YARADB_GRAPHQL_DIRECTIVES_MAX'],
    default: '500',
    type: wholeNumber('DIRECTIVES', 1, 100_000),
    help: 'Most directives in a GraphQL document, counted likewise. More is refused with LIMIT_EXCEEDED.',
  },
  graphqlCostMax: {
    flag: 'graphql-cost-max',
    environment: ['YARADB_GRAPHQL_COST_MAX'],
    default: '250000',
    type: wholeNumber('VALUES', 1_000, 100_000_000),
    help: 'Most values that one GraphQL operation may give: its fields, each as often as first and last let the lists around it have elements. More is refused with LIMIT_EXCEEDED before anything is executed.',
  },
  introspection: {
    flag: 'introspection',
    environment: ['YARADB_INTROSPECTION'],
    default: 'allowed',
    type: choice('allowed', 'refused'),
    help: 'Whether clients of GraphQL may ask for the schema. refused: they get FORBIDDEN, errors suggest no names of it, and GraphiQL shows no documentation.',
  },
} as const satisfies Readonly<Record<string, Setting<unknown>>>;
