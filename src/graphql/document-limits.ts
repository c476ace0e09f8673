import { type DocumentNode, Lexer, parse, type Source, TokenKind } from 'graphql';
import { LimitExceededError } from '../errors.ts';
import { checkOverlaps } from './overlap-limit.ts';
import { checkSelections, type SelectionLimits } from './selection-limits.ts';

/** What a GraphQL document (the text of operations and fragments) may be like before it is executed. */
export interface GraphqlDocumentLimits extends SelectionLimits {
  /** Names, values and punctuation. Default 100,000; greater values than that are sent as variables. */
  readonly tokensMax: number;
  /** Braces, brackets and parentheses inside each other. graphql-js would overflow the stack at about 2,000. */
  readonly nestingMax: number;
  /** Values that one operation may give: its fields, each as often as the lists around it may have elements. Default 250,000. */
  readonly costMax: number;
  /** Pairs of fields of one name side by side, which validation compares; such with parts of their own count as ten. Default 250,000. */
  readonly comparisonsMax: number;
  /** Whether clients may ask what the schema is, and errors suggest names of it. Default `allowed`. */
  readonly introspection: 'allowed' | 'refused';
  /** Validation stops after so many errors. Default 20. */
  readonly errorsMax: number;
}

/** Levels that a query may have around a JSON literal: selection sets, arguments, lists and objects of filters. */
const nestingAroundLiteral = 100;

/** Beyond this graphql-js could overflow the stack, however deep documents may be. */
const nestingEver = 1_100;

/** The defaults, where the literals in it may nest `jsonNestingMax` levels. */
export function defaultGraphqlDocumentLimits(jsonNestingMax: number): GraphqlDocumentLimits {
  return Object.freeze({
    tokensMax: 100_000,
    nestingMax: Math.min(jsonNestingMax + nestingAroundLiteral, nestingEver),
    definitionsMax: 100,
    depthMax: 32,
    fieldsMax: 5_000,
    aliasesMax: 1_000,
    directivesMax: 500,
    costMax: 250_000,
    comparisonsMax: 250_000,
    introspection: 'allowed',
    errorsMax: 20,
  });
}

/**
 * Parses a document that keeps to the limits: the parser, the validator and the executor all recurse along it.
 * @throws {GraphQLError} for a syntax error.
 * @throws {LimitExceededError} for what is over its limit.
 */
export function parseGraphqlDocument(source: Source, limits: GraphqlDocumentLimits): ParsedGraphqlDocument {
  checkTokens(source, limits);
  const document = parse(source);
  const { executable, validated } = checkSelections(document, limits);
  checkOverlaps(document, validated, limits.comparisonsMax);
  return { document, fieldCount: executable };
}

export interface ParsedGraphqlDocument {
  readonly document: DocumentNode;
  /** Of all its operations, those of a fragment counted wherever it is spread. */
  readonly fieldCount: number;
}

function checkTokens(source: Source, { tokensMax, nestingMax }: GraphqlDocumentLimits): void {
  // A token is a character at least, so a short text is within the limits whatever it says.
  if (source.body.length <= Math.min(tokensMax, nestingMax)) return;
  const lexer = new Lexer(source);
  let tokens = 0;
  let nesting = 0;
  for (let { kind } = lexer.advance(); kind !== TokenKind.EOF; { kind } = lexer.advance()) {
    tokens += 1;
    if (kind === TokenKind.BRACE_L || kind === TokenKind.BRACKET_L || kind === TokenKind.PAREN_L) nesting += 1;
    if (kind === TokenKind.BRACE_R || kind === TokenKind.BRACKET_R || kind === TokenKind.PAREN_R) nesting -= 1;
    if (tokens > tokensMax) {
      const message = `The GraphQL document has more than ${tokensMax} tokens: send large values as variables`;
      throw new LimitExceededError(message, { limit: tokensMax });
    }
    if (nesting > nestingMax) {
      const message = `The GraphQL document nests deeper than ${nestingMax} levels`;
      throw new LimitExceededError(message, { limit: nestingMax });
    }
  }
}
