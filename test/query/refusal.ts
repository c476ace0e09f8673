import { DatabaseError } from '../../src/errors.ts';

/** The error that the call must fail with, as clients are told it. */
export function refusal(call: () => unknown): { code: string; message: string; [evidence: string]: unknown } {
  try {
    call();
  } catch (error) {
    if (error instanceof DatabaseError) return { code: error.code, message: error.message, ...error.evidence };
    throw error;
  }
  throw new Error('nothing was refused');
}
