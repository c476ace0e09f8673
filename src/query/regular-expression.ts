import { RE2JS, RE2JSException } from 're2js';
import { InvalidArgumentError, LimitExceededError } from '../errors.ts';
import { defaultFilterLimits, type FilterLimits } from './limits.ts';

/**
 * Compiles a regular expression in RE2's syntax (no look-around, no back-references). It matches in time linear in the text,
 * whatever the pattern, and anywhere in the text, as MongoDB's `$regex` does.
 * @param argument What the client calls the pattern, for the errors.
 * @throws {InvalidArgumentError} When the pattern is not in that syntax.
 * @throws {LimitExceededError} When the pattern, or the program that it compiles to, is too long.
 */
export function compileRegularExpression(
  pattern: string,
  argument: string,
  limits: FilterLimits = defaultFilterLimits,
): (text: string) => boolean {
  if (pattern.length > limits.patternLengthMax) {
    throw new LimitExceededError(
      `${argument}: the pattern has ${pattern.length} characters, and ${limits.patternLengthMax} are allowed`,
      { limit: limits.patternLengthMax, actual: pattern.length, path: argument },
    );
  }
  const program = parsePattern(pattern, argument);
  const size = program.programSize();
  if (size > limits.patternProgramSizeMax) {
    throw new LimitExceededError(
      `${argument}: the pattern repeats too much: it compiles to ${size} instructions, and ${limits.patternProgramSizeMax} are allowed`,
      { limit: limits.patternProgramSizeMax, actual: size, path: argument },
    );
  }
  return (text) => program.test(text);
}

function parsePattern(pattern: string, argument: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    throw new InvalidArgumentError(
      `${argument}: ${error.message}`,
      { path: argument, expected: 'a regular expression in the syntax of RE2, which has no look-around' },
      { cause: error },
    );
  }
}
