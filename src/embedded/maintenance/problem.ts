/** Damage that was found, as evidence for whoever looks into it. */
export interface Problem {
  readonly file: string;
  /** In bytes from the beginning of the file. */
  readonly offset: number;
  /** The first commit in doubt. Null when not even that can be told. */
  readonly sequence: number | null;
  readonly reason: string;
}
