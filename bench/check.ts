import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Dataset } from './dataset.ts';

const pageSize = 1000;
const query = `query Page($after: String) {
  documents: findDocuments(first: ${pageSize}, after: $after) { nodes { id bodyHash } pageInfo { endCursor } }
}`;

/**
 * Sees to it that the server has every document of the dataset and then those of `created`, in the order of creation, and no others.
 * @throws {Error} when one is missing, another, or too many.
 */
export async function checkDocuments(url: string, { lines }: Dataset, created: readonly string[]): Promise<void> {
  const found = documentsOf(url);
  let count = 0;
  for await (const line of createInterface({ input: createReadStream(lines) })) {
    const { _id: id, body_hash: bodyHash } = JSON.parse(line);
    const { value: document } = await found.next();
    count += 1;
    if (document?.id !== id || document?.bodyHash !== bodyHash) {
      throw new Error(`document ${count} should be ${id} ${bodyHash}, but is ${document?.id} ${document?.bodyHash}`);
    }
  }
  for (const id of created) {
    const { value: document } = await found.next();
    if (document?.id !== id) throw new Error(`document ${id} was acknowledged, but ${document?.id} is in its place`);
  }
  const { done } = await found.next();
  if (done !== true) throw new Error('there are more documents than were created');
}

interface Found {
  readonly id: string;
  readonly bodyHash: string;
}

interface Page {
  readonly nodes: readonly Found[];
  readonly pageInfo: { readonly endCursor: string | null };
}

async function* documentsOf(url: string): AsyncGenerator<Found, undefined> {
  let after: string | null = null;
  for (;;) {
    const { nodes, pageInfo } = await pageAfter(url, after);
    if (nodes.length === 0) return undefined;
    yield* nodes;
    after = pageInfo.endCursor;
  }
}

async function pageAfter(url: string, after: string | null): Promise<Page> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables: { after } }),
  });
  const { data } = await response.json();
  return data.documents;
}
