/** What becomes of indexes that are being filled, and is worth a line for whoever runs the server. */
export type IndexEvent =
  | {
      readonly kind: 'indexReady';
      readonly table: string;
      readonly paths: readonly string[];
      readonly documents: number;
      readonly milliseconds: number;
    }
  /** What is in the table did not fit the index, so it was dropped again. */
  | {
      readonly kind: 'indexRefused';
      readonly table: string;
      readonly paths: readonly string[];
      readonly cause: unknown;
    }
  /** It is left as it is, and filled after the next start. */
  | { readonly kind: 'indexLeft'; readonly table: string; readonly paths: readonly string[]; readonly cause: unknown };
