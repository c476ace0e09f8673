import { DatabaseError, type ErrorCode, type Evidence } from '../../src/errors.ts';

export interface Refusal {
  readonly code: ErrorCode;
  readonly evidence: Evidence;
  readonly message: string;
}

/** What a call was refused with. Throws when it was not refused, or failed with anything but a coded error. */
export function refusalOf(call: () => unknown): Refusal {
  try {
    call();
  } catch (error) {
    if (error instanceof DatabaseError) {
      return { code: error.code, evidence: error.evidence, message: error.message };
    }
    throw error;
  }
  throw new Error('It was not refused.');
}
