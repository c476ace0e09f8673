import { SharedTurns } from '../../../src/database/shared-turns.ts';
import type { Document } from '../../../src/document/document.ts';
import type { JsonObject } from '../../../src/document/json.ts';
import { ColumnMemory } from '../../../src/embedded/columns/column-memory.ts';
import { EmbeddedReadView } from '../../../src/embedded/embedded-read-view.ts';
import { HistoryReader } from '../../../src/embedded/history/history-reader.ts';
import type { LogRecord } from '../../../src/embedded/log/record.ts';
import { systemClock } from '../../../src/embedded/ports/clock.ts';
import { State } from '../../../src/embedded/state.ts';
import { TableReader } from '../../../src/embedded/table-reader.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { makeDocument } from '../../query/make-document.ts';

export const tables = [
  { id: '00000000-0000-0000-0000-000000000000', name: 'default' },
  { id: '00000000-0000-4000-8000-000000000001', name: 'other' },
] as const;

export interface Write {
  readonly kind: 'create' | 'update' | 'archive' | 'erase' | 'drop';
  /** Of the document that it is about; of a new one, its place among the others. */
  readonly number: number;
  readonly body: JsonObject;
}

/** A database's state with a thousand documents and more, written to by one commit for each write. */
export class ColumnScenario {
  readonly state: State;
  /** What is written at each turn that queries give to others. */
  meanwhile: (readonly Write[])[] = [];
  readonly #clock = {
    ...systemClock,
    monotonic: () => this.#tick(),
    yield: async () => {
      await systemClock.yield();
      for (const write of this.meanwhile.shift() ?? []) this.write(write);
    },
  };
  readonly #scanTurns = new SharedTurns(this.#clock, 64);
  #created = 0;
  #looks = 0;

  constructor(columnBytesMax: number, bodies: readonly JsonObject[], count: number) {
    this.state = new State(new ColumnMemory(columnBytesMax));
    this.#apply([{ kind: 'putTable', table: { ...tables[1], createdAt: 0, settings: {} } }]);
    this.#apply(
      Array.from({ length: count }, (_, number) =>
        this.#creation(number % 3 === 0 ? 1 : 0, bodies[(number * 31) % bodies.length] ?? {}, 2 + number),
      ),
    );
  }

  view(): EmbeddedReadView {
    const clock = this.#clock;
    return new EmbeddedReadView({
      state: this.state,
      clock,
      tables: new TableReader(this.state, clock),
      history: new HistoryReader({ fileSystem: new SimulatedFileSystem(), directory: '/data', clock }),
      scanTurns: this.#scanTurns,
      deadlineMs: 1e9,
    });
  }

  documents(): readonly Document[] {
    return this.state.documents.toArray();
  }

  write({ kind, number, body }: Write): void {
    if (kind === 'drop') {
      this.drop(tables[0].id);
      return;
    }
    const { documents } = this.state;
    const current = documents.at(number % Math.max(1, documents.size));
    if (kind === 'create') {
      // Most come behind all others, some between them.
      const createdSequence = number % 4 === 0 ? (current?.createdSequence ?? 1) : this.state.sequence + 10_000;
      this.#apply([this.#creation(number % 3 === 0 ? 1 : 0, body, createdSequence)]);
    } else if (current !== undefined && kind === 'erase') {
      this.#apply([{ kind: 'eraseDocument', id: current.id, previousSequence: current.sequence }]);
    } else if (current !== undefined) {
      const sequence = this.state.sequence + 1;
      const next = { ...current, sequence, version: current.version + 1, previousSequence: current.sequence };
      const archivedAt = current.archivedAt === null ? sequence : null;
      this.#apply([{ kind: 'putDocument', document: kind === 'update' ? { ...next, body } : { ...next, archivedAt } }]);
    }
  }

  drop(id: string): void {
    this.#apply([{ kind: 'dropTable', id }]);
  }

  #creation(table: 0 | 1, body: JsonObject, createdSequence: number): LogRecord {
    this.#created += 1;
    const id = `00000000-0000-7000-8000-${String((this.#created * 7919) % 1_000_003).padStart(12, '0')}`;
    const sequence = this.state.sequence + 1;
    return {
      kind: 'putDocument',
      document: makeDocument(body, { id, table: tables[table], sequence, createdSequence }),
    };
  }

  /** Slices end now after few documents, now after many. */
  #tick(): number {
    this.#looks += 1;
    return this.#looks * 0.04 + Math.floor(this.#looks / 7);
  }

  #apply(records: readonly LogRecord[]): void {
    const sequence = this.state.sequence + 1;
    this.state.apply({ sequence, committedAt: 0, principal: '', idempotencyKey: null, requestDigest: null, records });
  }
}
