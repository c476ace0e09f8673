/** Who asks. Every call on a `Database` carries one, so that authorization has one place, below every API. */
export interface Principal {
  /** Written to the log with every commit. At most 255 bytes of UTF-8. */
  readonly name: string;
}

/** The only principal until authentication exists. It has all rights. */
export const anonymous: Principal = Object.freeze({ name: 'anonymous' });
