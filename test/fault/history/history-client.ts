import { anonymous } from '../../../src/database/principal.ts';
import type { Document } from '../../../src/document/document.ts';
import { openEmbeddedDatabase } from '../../../src/embedded/embedded-database.ts';
import { documentId } from '../../embedded/log/log-fixture.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { DocumentState, History, Outcome } from './history.ts';

export interface HistoryClientOptions {
  readonly name: string;
  readonly history: History;
  readonly random: SeededRandom;
  /** How many documents there are that all clients write to. */
  readonly documents: number;
  /** Longest text that a body holds besides its marker. */
  readonly textMax: number;
}

const fields = '{ version body archivedAt sequence }';
const queries = {
  read: `query ($id: ID!) { answer: getDocument(id: $id, archived: INCLUDE) ${fields} }`,
  create: `mutation ($id: ID!, $body: JSON!) { answer: createDocument(id: $id, name: "history", body: $body) ${fields} }`,
  update: `mutation ($id: ID!, $version: Int!, $body: JSON!) { answer: updateDocument(id: $id, version: $version, body: $body) ${fields} }`,
  archive: `mutation ($id: ID!, $version: Int!) { answer: archiveDocument(id: $id, version: $version) ${fields} }`,
  restore: `mutation ($id: ID!, $version: Int!) { answer: restoreDocument(id: $id, version: $version) ${fields} }`,
};

interface Answer {
  readonly version: number;
  readonly body: { readonly marker: string };
  readonly archivedAt: string | null;
  readonly sequence: number;
}

interface Result {
  readonly data?: { readonly answer?: Answer | null } | null;
  readonly errors?: readonly { readonly extensions: { readonly code: string; readonly actualVersion?: number } }[];
}

/** Nobody answers: the server is gone, and what it did with the request nobody knows. */
const noAnswer = /fetch failed|terminated/;

/**
 * A client of a real server that reads a document, then tries to write the next version of what it saw, as others do at the same
 * time, and enters all of it in the history.
 */
export class HistoryClient {
  readonly #options: HistoryClientOptions;
  readonly #known = new Map<string, DocumentState | null>();
  #made = 0;

  constructor(options: HistoryClientOptions) {
    this.#options = options;
  }

  /** Does so many things, fewer when the server stops answering. @returns whether it still does. */
  async work(url: string, steps = Number.POSITIVE_INFINITY): Promise<boolean> {
    for (let step = 0; step < steps; step += 1) {
      if (!(await this.step(url))) return false;
    }
    return true;
  }

  /** One request. @returns false when nobody answered. */
  async step(url: string): Promise<boolean> {
    const { random, documents } = this.#options;
    const id = documentId(1 + random.below(documents));
    const known = this.#known.get(id);
    if (known === undefined || random.chance(0.25)) return this.#read(url, id);
    return this.#write(url, id, known);
  }

  async #read(url: string, id: string): Promise<boolean> {
    let answered = true;
    const outcome = await this.#options.history.record(id, null, async () => {
      const result = await this.#ask(url, queries.read, { id });
      answered = result !== null;
      const answer = result?.data?.answer;
      return answer === undefined ? { kind: 'unknown' } : { kind: 'read', state: answer && stateOf(answer) };
    });
    if (outcome.kind === 'read') this.#known.set(id, outcome.state);
    return answered;
  }

  async #write(url: string, id: string, known: DocumentState | null): Promise<boolean> {
    const { history, random } = this.#options;
    const version = known?.version ?? 0;
    const kind = known === null ? 'create' : known.archived ? 'restore' : random.chance(0.8) ? 'update' : 'archive';
    const setsBody = kind === 'create' || kind === 'update';
    const marker = setsBody ? this.#newMarker() : (known?.marker ?? '');
    const intended: DocumentState = { version: version + 1, marker, archived: kind === 'archive' };
    const body = { marker, text: 'ä'.repeat(random.below(1 + this.#options.textMax)) };
    let answered = true;
    const outcome = await history.record(id, intended, async () => {
      const result = await this.#ask(url, queries[kind], { id, version, ...(setsBody ? { body } : {}) });
      answered = result !== null;
      return outcomeOf(result);
    });
    // Whatever came of it, what was known is old now. Of a success the answer tells what is new.
    if (outcome.kind === 'written') this.#known.set(id, outcome.state);
    else this.#known.delete(id);
    return answered;
  }

  /** @returns null when nobody answered. */
  async #ask(url: string, query: string, variables: object): Promise<Result | null> {
    try {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query, variables }),
      });
      return (await response.json()) as Result;
    } catch (error) {
      if (error instanceof TypeError && noAnswer.test(error.message)) return null;
      throw error;
    }
  }

  #newMarker(): string {
    this.#made += 1;
    return `${this.#options.name}.${this.#made}`;
  }
}

function outcomeOf(result: Result | null): Outcome {
  if (result === null) return { kind: 'unknown' };
  const { answer } = result.data ?? {};
  if (answer) return { kind: 'written', state: stateOf(answer), sequence: answer.sequence };
  const { code, actualVersion } = result.errors?.[0]?.extensions ?? {};
  if (code === 'OUTCOME_UNKNOWN') return { kind: 'unknown' };
  if (code === 'VERSION_CONFLICT' && actualVersion !== undefined) return { kind: 'conflict', version: actualVersion };
  const refusals = ['NOT_FOUND', 'ALREADY_EXISTS', 'ALREADY_ARCHIVED', 'NOT_ARCHIVED', 'STORAGE_FULL', 'OVERLOADED'];
  if (code !== undefined && refusals.includes(code)) return { kind: 'refused' };
  throw new Error(`an answer that no request here can have: ${JSON.stringify(result)}`);
}

function stateOf({ version, body, archivedAt }: Answer): DocumentState {
  return { version, marker: body.marker, archived: archivedAt !== null };
}

/**
 * Opens the data directory of a server that is gone, and enters in the history what it holds of every document.
 * @returns the newest sequence.
 */
export async function readAfterwards(directory: string, documents: number, history: History): Promise<number> {
  const database = await openEmbeddedDatabase({ directory });
  try {
    for (let number = 1; number <= documents; number += 1) {
      const id = documentId(number);
      await history.record(id, null, async () => {
        const document = database.getDocument(anonymous, id, 'INCLUDE');
        return { kind: 'read', state: document && storedState(document) };
      });
    }
    return (await database.status(anonymous)).sequence;
  } finally {
    await database.close();
  }
}

function storedState({ version, body, archivedAt }: Document): DocumentState {
  return { version, marker: String(body.marker), archived: archivedAt !== null };
}
