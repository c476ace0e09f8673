import { RE2JS, RE2JSException } from 're2js';
import { InvalidArgumentError, LimitExceededError } from '../errors.ts';
import type { FilterLimits } from './limits.ts';
import { patternText } from './pattern-text.ts';

/**
 * Refuses what `compileRegularExpression` must not be given.
 * @param argument What the client calls the pattern, for the errors.
 * @throws {InvalidArgumentError} When the pattern is not in RE2's syntax.
 * @throws {LimitExceededError} When the pattern, or the program that it compiles to, is too long.
 */
export function checkRegularExpression(pattern: string, argument: string, limits: FilterLimits): void {
  if (pattern.length > limits.patternLengthMax) {
    throw new LimitExceededError(
      `${argument}: the pattern has ${pattern.length} characters, and ${limits.patternLengthMax} are allowed`,
      { limit: limits.patternLengthMax, actual: pattern.length, path: argument },
    );
  }
  const size = parsePattern(pattern, argument).programSize();
  if (size > limits.patternProgramSizeMax) {
    throw new LimitExceededError(
      `${argument}: the pattern repeats too much: it compiles to ${size} instructions, and ${limits.patternProgramSizeMax} are allowed`,
      { limit: limits.patternProgramSizeMax, actual: size, path: argument },
    );
  }
}

/**
 * Compiles a regular expression in RE2's syntax (no look-around, no back-references). It matches in time linear in the text,
 * whatever the pattern, and anywhere in the text, as MongoDB's `$regex` does.
 * @throws {InvalidArgumentError} When the pattern is not in that syntax, which `checkRegularExpression` finds out before.
 */
export function compileRegularExpression(pattern: string): (text: string) => boolean {
  const plain = patternText(pattern);
  if (plain?.whole) {
    const { text: part, anchored } = plain; // which is found several times as fast as a program runs
    return anchored ? (text) => text.startsWith(part) : (text) => text.includes(part);
  }
  const program = parsePattern(pattern, 'regex');
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
