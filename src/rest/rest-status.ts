import { DatabaseError, type ErrorCode, type Evidence } from '../errors.ts';

/** The status that REST answers for each code: the whole of its mapping. */
export const restStatuses = {
  INVALID_ARGUMENT: 422,
  NOT_FOUND: 404,
  IDEMPOTENCY_KEY_REUSED: 422,
  HISTORY_GONE: 410,
  VERSION_CONFLICT: 409,
  ALREADY_ARCHIVED: 400,
  NOT_ARCHIVED: 400,
  ALREADY_EXISTS: 400,
  SCHEMA_VIOLATION: 400,
  UNIQUE_VIOLATION: 400,
  TABLE_READ_ONLY: 400,
  PAYLOAD_TOO_LARGE: 413,
  LIMIT_EXCEEDED: 400,
  OVERLOADED: 503,
  STORAGE_FULL: 507,
  MEMORY_FULL: 507,
  OUTCOME_UNKNOWN: 500,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  RATE_LIMITED: 429,
  INTERNAL: 500,
} as const satisfies Record<ErrorCode, number>;

/** A refusal that the predecessor answered with another status than the one of its code. */
export class RestRefusal extends DatabaseError {
  readonly status: number;

  constructor(status: number, code: ErrorCode, message: string, evidence: Evidence) {
    super(code, message, evidence);
    this.status = status;
  }
}
