import type { ChangeEvent, ChangeSet, ChangeStream, DocumentChanged } from '../database/changes.ts';
import type { Principal } from '../database/principal.ts';
import { hasEverywhere, hasOnTable } from '../database/rights.ts';

/**
 * A stream as somebody may see it, for as long as what they have shown stands: it ends when their token is revoked or expires. What a subscriber
 * may not read is left out; where even its table is not known any more, the subscriber has to read its list again.
 */
export class AuthorizedChangeStream implements ChangeStream {
  readonly #stream: ChangeStream;
  readonly #principal: Principal;
  readonly #mayReadAll: boolean;
  #ended = false;

  constructor(stream: ChangeStream, principal: Principal) {
    this.#stream = stream;
    this.#principal = principal;
    this.#mayReadAll = hasEverywhere(principal.rights, 'read');
  }

  async next(): Promise<readonly ChangeEvent[] | null> {
    if (this.#ended) return null;
    const events = await this.#stream.next();
    if (events === null) return null;
    if (this.#principal.isCurrent?.() === false) {
      this.close();
      return null;
    }
    return this.#mayReadAll ? events : this.#readable(events);
  }

  close(): void {
    this.#ended = true;
    this.#stream.close();
  }

  #readable(events: readonly ChangeEvent[]): readonly ChangeEvent[] {
    const readable: ChangeEvent[] = [];
    for (const event of events) {
      const told = event.kind === 'changeSet' ? this.#readableOf(event) : event;
      readable.push(told);
      if (told.kind !== 'resyncRequired') continue;
      this.close();
      break;
    }
    return readable;
  }

  #readableOf(set: ChangeSet): ChangeEvent {
    const { sequence, epoch, changes } = set;
    if (changes.some(isOfUnknownTable)) return { kind: 'resyncRequired', epoch, oldest: sequence, newest: sequence };
    const own = changes.filter(({ document }) => hasOnTable(this.#principal.rights, 'read', document.table.name));
    if (own.length === changes.length) return set;
    return own.length === 0 ? { kind: 'progress', epoch, sequence } : { ...set, changes: own };
  }
}

/** No table has an empty name: of a document that was erased long ago nothing but the id may be left. */
function isOfUnknownTable({ document }: DocumentChanged): boolean {
  return document.table.name === '';
}
