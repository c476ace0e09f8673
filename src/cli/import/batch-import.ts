import { hashBody } from '../../document/body-hash.ts';
import { type Batch, isRefusal, makeBatch, newlyMade, operationsOf, type Pending, parsedOrRefused } from './batch.ts';
import type { ExistingDocument, ImportServer, Refused } from './import-server.ts';
import { transactionOf, updatingOperations } from './item-operations.ts';
import type { ParsedItem, PreparedItem } from './prepared-item.ts';
import type { Refusal } from './refusal.ts';

/** What to do when a document with the id of an item is there already. */
export type ImportMode = 'insert' | 'upsert';

/** What came of items, by number. */
export interface ImportCounts {
  created: number;
  updated: number;
  /** They were there already, as the items have them. */
  present: number;
  refused: number;
}

/** A batch under way. */
interface Sending {
  /** Resolves when its request is on its way, and those behind it cannot come before it. */
  readonly isOut: Promise<void>;
  readonly isDone: Promise<void>;
}

/** How often a document may change between the look at it and the write. */
const attemptsMax = 5;

/**
 * Brings batches of items to the server. A batch is one commit as long as nothing is wrong with it. What is refused is told apart item by
 * item, so that all others get there: each refusal halves how many are sent at once, each success doubles it again.
 *
 * As long as all goes well a batch is sent before the one ahead of it is answered, so that the server always has one at hand. It asserts that the one ahead is in the
 * database, which the server knows of one that is on its way to the disk, so that documents are made in the order of the input whatever comes in between.
 */
export class BatchImport {
  readonly #server: ImportServer;
  readonly #mode: ImportMode;
  readonly #onRefusal: (refusal: Refusal) => void;
  readonly counts: ImportCounts = { created: 0, updated: 0, present: 0, refused: 0 };
  /** Whether the last batch met documents that were there: then the next one is looked up before it is sent. */
  #meetsExisting = false;
  /** Whether the last batch met items that are no JSON: then the next one is looked at before it is sent. */
  #meetsBroken = false;
  /** Whether the last batch got in as it was, so that the next one most likely does. */
  #isSmooth = false;
  #prepared: Batch | null = null;
  #newest: Sending = { isOut: Promise.resolve(), isDone: Promise.resolve() };
  /** How many the server takes at once, as far as it has shown. */
  #sizeMax = Number.POSITIVE_INFINITY;

  constructor(server: ImportServer, mode: ImportMode, onRefusal: (refusal: Refusal) => void) {
    this.#server = server;
    this.#mode = mode;
    this.#onRefusal = onRefusal;
  }

  /**
   * Makes ready what `send` takes, which may be done while the batches before are on their way.
   * @param read in the order of the input, in which refusals are told.
   */
  prepare(read: readonly (PreparedItem | Refusal)[]): Batch {
    const batch = makeBatch(read, this.#meetsBroken, this.#prepared);
    this.#meetsBroken = batch.refusals.length > 0;
    this.#prepared = batch;
    return batch;
  }

  /**
   * Resolves when every item is in the database or refused. To be called in the order of the batches.
   * @throws {ServerError} and whatever a batch before failed with.
   */
  send(batch: Batch): Promise<void> {
    const before = this.#newest;
    const { promise: isOut, resolve } = Promise.withResolvers<void>();
    const isDone = this.#sendBehind(before, batch, resolve);
    // One that fails before that is out of the way of those behind it, which fail with it.
    isDone.catch(() => resolve());
    this.#newest = { isOut, isDone };
    return isDone;
  }

  async #sendBehind(before: Sending, batch: Batch, onOut: () => void): Promise<void> {
    await before.isOut;
    const early = batch.follows && this.#isSmooth ? this.#server.commit(batch.transaction) : null;
    // Should a batch before fail, that is what is told.
    early?.catch(() => undefined);
    if (early !== null) onOut();
    await before.isDone;
    for (const refusal of batch.refusals) this.#tell(refusal);
    if (early !== null && (await early) === null) {
      this.#count(batch.pending);
      return;
    }
    // Whatever was in its way may have been the batch before, which is done by now.
    onOut();
    const isSmooth = await this.#sendAlone(batch);
    this.#isSmooth = isSmooth && early === null;
  }

  /** @returns whether nothing was in its way. */
  async #sendAlone({ pending, transaction, follows }: Batch): Promise<boolean> {
    let waiting = pending;
    let isSmooth = true;
    if (this.#meetsExisting) {
      this.#meetsExisting = false;
      isSmooth = false;
      waiting = await this.#lookedUp(waiting);
    }
    let size = Math.min(waiting.length, this.#sizeMax);
    while (waiting.length > 0) {
      const isAsPrepared = waiting === pending && size === waiting.length && !follows;
      const part = waiting.slice(0, size);
      const rest = waiting.slice(size);
      const refused = await this.#server.commit(isAsPrepared ? transaction : transactionOf(operationsOf(part)));
      if (refused === null) {
        this.#count(part);
        waiting = rest;
        size = Math.min(Math.max(1, size * 2), this.#sizeMax);
        isSmooth &&= rest.length === 0;
        continue;
      }
      isSmooth = false;
      const index = indexOfItem(part, refused);
      if (index === null && isAboutText(refused) && part.some(({ item }) => item.body === null)) {
        this.#meetsBroken = true;
        waiting = [...this.#checked(part), ...rest];
        continue;
      }
      const blamed = index === null && part.length === 1 ? 0 : index;
      const culprit = blamed === null ? undefined : part[blamed];
      if (blamed === null || culprit === undefined) {
        // It is about the request: it is too long, say, or nested too deep for where it stands in it.
        size = Math.ceil(part.length / 2);
        this.#sizeMax = size;
      } else if (isAboutExisting(refused, culprit)) {
        const looked = await this.#lookedUp(part);
        waiting = [...looked, ...rest];
        // It is there twice in the input: the first one has to be in the database before the second is compared with it.
        if (looked.length === part.length && looked[blamed]?.creates === true) size = Math.max(1, blamed);
      } else {
        this.#refuse(culprit.item, refused);
        waiting = [...part.toSpliced(blamed, 1), ...rest];
        size = Math.max(1, Math.floor(size / 2));
      }
    }
    return isSmooth;
  }

  /** Those whose text is JSON. The others are refused: the server has refused all of them together, and does not tell which it is about. */
  #checked(part: readonly Pending[]): readonly Pending[] {
    return part.flatMap((pending) => {
      const item = this.#parsed(pending.item);
      return item === null ? [] : [{ ...pending, item }];
    });
  }

  /** Null when it was refused. */
  #parsed(item: PreparedItem): ParsedItem | null {
    const parsed = parsedOrRefused(item);
    if (!isRefusal(parsed)) return parsed;
    this.#tell(parsed);
    return null;
  }

  /** Looks at what the database has, and tells what is left to do. */
  async #lookedUp(part: readonly Pending[]): Promise<readonly Pending[]> {
    const existing = await this.#server.find(part.map(({ item }) => item.id));
    const left: Pending[] = [];
    for (const { item, attempts } of part) {
      const found = existing.get(item.id);
      const next = found === undefined ? newlyMade(item) : this.#pendingOf(item, found);
      if (next === null) continue;
      if (attempts < attemptsMax) left.push({ ...next, attempts: attempts + 1 });
      else this.#refuse(item, { code: 'VERSION_CONFLICT', reason: 'it changes all the time', path: null });
    }
    return left;
  }

  /** Null when nothing is left to do. */
  #pendingOf(unparsed: PreparedItem, existing: ExistingDocument): Pending | null {
    this.#meetsExisting = true;
    const item = this.#parsed(unparsed);
    if (item === null) return null;
    const hasSameBody = hashBody(item.body) === existing.bodyHash;
    const operations = updatingOperations(item, existing, hasSameBody);
    // A document that an earlier run of this import has made may have been changed since: it is there nevertheless.
    if (operations.length === 0 || (this.#mode === 'insert' && !item.isOwnId)) {
      this.counts.present += 1;
      return null;
    }
    if (this.#mode === 'upsert') return { item, operations, creates: false, attempts: 0 };
    const what = hasSameBody ? 'archived or restored since' : 'another body';
    const reason = `document ${item.id} is there already, with ${what} (version ${existing.version}): --mode upsert replaces it`;
    this.#refuse(item, { code: 'ALREADY_EXISTS', reason, path: null });
    return null;
  }

  #count(part: readonly Pending[]): void {
    for (const { creates } of part) this.counts[creates ? 'created' : 'updated'] += 1;
  }

  #refuse({ line, text }: PreparedItem, { code, reason, path }: Omit<Refused, 'operation'>): void {
    this.#tell({ line, text, code, reason, path });
  }

  #tell(refusal: Refusal): void {
    this.counts.refused += 1;
    this.#onRefusal(refusal);
  }
}

function indexOfItem(part: readonly Pending[], { operation }: Refused): number | null {
  if (operation === null) return null;
  let end = 0;
  for (const [index, { operations }] of part.entries()) {
    end += operations.length;
    if (operation < end) return index;
  }
  return null;
}

/** Whether what the request says may have been no JSON, or over a limit. */
function isAboutText({ code }: Refused): boolean {
  return code === 'INVALID_ARGUMENT' || code === 'LIMIT_EXCEEDED';
}

/** Whether the refusal says that the database has another version of the document than was thought. */
function isAboutExisting({ code }: Refused, { creates }: Pending): boolean {
  if (creates) return code === 'ALREADY_EXISTS';
  return ['VERSION_CONFLICT', 'NOT_FOUND', 'ALREADY_ARCHIVED', 'NOT_ARCHIVED'].includes(code);
}
