import type { Document } from '../document/document.ts';

/** A batch of documents, never an empty one; null behind the last. */
export type Batch = readonly Document[] | null;

/** The documents of a query in batches, which a reader can pause between: by `for await`, or by `nextBatch`. */
export interface DocumentScan extends AsyncIterable<readonly Document[]> {
  /** No promise where the engine needs none. Not to be called again before it has come to its end. */
  nextBatch(): Batch | Promise<Batch>;
}

/** A scan of batches that come in any other way. */
export function scanOf(batches: AsyncIterable<readonly Document[]>): DocumentScan {
  const iterator = batches[Symbol.asyncIterator]();
  return {
    nextBatch: async () => {
      const { done, value } = await iterator.next();
      return done === true ? null : value;
    },
    [Symbol.asyncIterator]: () => iterator,
  };
}

/** What `for await` asks a scan for. */
export async function* batchesOf(scan: Pick<DocumentScan, 'nextBatch'>): AsyncGenerator<readonly Document[]> {
  for (let batch = await scan.nextBatch(); batch !== null; batch = await scan.nextBatch()) yield batch;
}
