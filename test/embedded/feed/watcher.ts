import type { ChangeEvent, ChangeStream } from '../../../src/database/changes.ts';
import type { Database } from '../../../src/database/database.ts';
import { anonymous } from '../../../src/database/principal.ts';
import type { Document } from '../../../src/document/document.ts';
import type { Filter } from '../../../src/query/filter.ts';

/** A client that reads a list, and keeps it up to date by what it is told of. */
export class Watcher {
  readonly #table: string | undefined;
  readonly #filter: Filter;
  /** The list, by id. */
  readonly documents = new Map<string, Document>();
  /** Every event since the list was read last, but for `Progress`. */
  readonly events: ChangeEvent[] = [];
  resyncs = 0;
  #stream: ChangeStream | null = null;
  #sequence = 0;
  #epoch = '';

  constructor(table: string | undefined, filter: Filter) {
    this.#table = table;
    this.#filter = filter;
  }

  get sequence(): number {
    return this.#sequence;
  }

  get isConnected(): boolean {
    return this.#stream !== null;
  }

  async list(database: Database): Promise<void> {
    this.disconnect();
    this.documents.clear();
    this.events.length = 0;
    const view = await database.view(anonymous);
    this.#sequence = view.sequence;
    this.#epoch = (await database.status(anonymous)).epoch;
    const query = { table: this.#table, filter: this.#filter, archived: 'EXCLUDE', orderBy: [] } as const;
    for await (const batch of view.scanDocuments(query)) for (const found of batch) this.documents.set(found.id, found);
    view.close();
  }

  async connect(database: Database): Promise<void> {
    const place = { after: this.#sequence, epoch: this.#epoch };
    this.#stream = await database.changes(anonymous, { table: this.#table, filter: this.#filter, ...place });
  }

  disconnect(): void {
    this.#stream?.close();
    this.#stream = null;
  }

  /** Reads what there is next, and the list again when it has to. */
  async read(database: Database): Promise<void> {
    const events = await this.#stream?.next();
    if (events === null) this.#stream = null;
    for (const event of events ?? []) {
      if (event.kind === 'resyncRequired') {
        this.resyncs += 1;
        await this.list(database);
        return;
      }
      this.#take(event);
    }
  }

  /** Reads until it has been told of everything up to this commit. */
  async readTo(database: Database, sequence: number): Promise<void> {
    while (this.#sequence < sequence) {
      if (this.#stream === null) await this.connect(database);
      await this.read(database);
    }
  }

  #take(event: Exclude<ChangeEvent, { kind: 'resyncRequired' }>): void {
    // `Progress` may repeat a place, nothing else may.
    const isNews = event.kind === 'progress' ? event.sequence >= this.#sequence : event.sequence > this.#sequence;
    if (!isNews) throw new Error(`commit ${event.sequence} was told of after ${this.#sequence}`);
    if (event.epoch !== this.#epoch) throw new Error(`an event of the epoch ${event.epoch}`);
    this.#sequence = event.sequence;
    if (event.kind === 'progress') return;
    this.events.push(event);
    for (const { kind, document } of event.changes) {
      if (kind === 'LEFT' || kind === 'ERASED' || document.archivedAt !== null) this.documents.delete(document.id);
      else this.documents.set(document.id, document);
    }
  }
}
