import type { Operation } from '../../../src/database/operation.ts';
import type { Document } from '../../../src/document/document.ts';
import { type DocumentChange, parseDocumentChange } from '../../../src/document/document-change.ts';
import type { JsonObject } from '../../../src/document/json.ts';
import { uuidOfRandom } from '../../../src/embedded/log/uuid-bytes.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { CatalogRequest, SimulatedSettings } from './request.ts';

export const tables = ['people', 'orders', '𝄞 notes', '__proto__'];
const paths = ['slot', 'count', 'text'];
const slots = 40;

/** Makes up what a client asks for, often of what others are writing, too. */
export class RandomRequest {
  readonly #random: SeededRandom;
  #made = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** @param known the newest version of each document that the client knows. */
  operations(known: readonly Document[]): readonly Operation[] {
    const random = this.#random;
    const few = Array.from({ length: random.chance(0.7) ? 1 : 2 + random.below(4) }, () => this.#operation(known));
    if (!random.chance(0.05)) return few;
    // Of many operations on what there is one fails nearly always, and all with it.
    return [...few, ...Array.from({ length: 10 + random.below(30) }, () => this.#create([]))];
  }

  catalog(): CatalogRequest {
    const random = this.#random;
    const table = random.pick(tables);
    const dice = random.below(100);
    if (dice < 25) {
      const uniquePath = random.chance(0.4) ? random.pick(paths) : null;
      return { kind: 'createTable', table, settings: this.#settings(), uniquePath };
    }
    if (dice < 45) return { kind: 'updateTable', table, settings: this.#settings() };
    if (dice < 60) return { kind: 'dropTable', table };
    const path = random.pick(paths);
    if (dice < 75) return { kind: 'dropIndex', table, path };
    const kind = random.pick(['HASH', 'ORDERED'] as const);
    const unique = random.chance(0.4);
    const archived = random.pick(['EXCLUDE', 'INCLUDE'] as const);
    return { kind: 'createIndex', table, index: { path, kind, unique, archived } };
  }

  #settings(): SimulatedSettings {
    const random = this.#random;
    return { slotMax: random.chance(0.4) ? slots / 2 : null, readOnly: random.chance(0.15) };
  }

  #operation(known: readonly Document[]): Operation {
    const random = this.#random;
    const dice = random.below(100);
    if (known.length === 0 || dice < 35) return this.#create(known);
    const { id, version } = random.pick(known);
    // Some clients send a version that was never there or is no more.
    const sent = random.chance(0.1) ? Math.max(1, version + random.below(3) - 1) : version;
    const sentOrNone = random.chance(0.5) ? { version: sent } : {};
    if (dice < 55) return { kind: 'update', id, version: sent, body: this.#body() };
    if (dice < 70) return this.#patch(id, version);
    if (dice < 79) return { kind: 'archive', id, ...sentOrNone };
    if (dice < 86) return { kind: 'erase', id, version: sent };
    if (dice < 94) return { kind: 'restore', id, ...sentOrNone };
    return random.chance(0.7)
      ? { kind: 'assert', id, version: sent }
      : { kind: 'assert', id, exists: random.chance(0.5) };
  }

  #create(known: readonly Document[]): Operation {
    const random = this.#random;
    const chosenId = random.chance(0.1) && known.length > 0 ? random.pick(known).id : uuidOfRandom(random.bytes(16));
    return {
      kind: 'create',
      body: this.#body(),
      ...(random.chance(0.3) ? { id: chosenId } : {}),
      ...(random.chance(0.4) ? { table: random.pick(tables) } : {}),
      ...(random.chance(0.4) ? { name: `name ${random.below(5)}` } : {}),
    };
  }

  #patch(id: string, version: number): Operation {
    const random = this.#random;
    const change = this.#change();
    if ('increment' in change && random.chance(0.7)) return { kind: 'patch', id, change };
    const isOld = 'merge' in change && random.chance(0.5);
    return { kind: 'patch', id, version: isOld ? Math.max(1, version - 1) : version, change, rebase: isOld };
  }

  #change(): DocumentChange {
    const random = this.#random;
    const dice = random.below(3);
    if (dice === 0) return parseDocumentChange({ increment: { count: random.below(9) - 4 } }, '');
    if (dice === 1) return parseDocumentChange({ merge: { slot: random.below(slots) } }, '');
    return parseDocumentChange({ patch: [{ op: 'add', path: '/toString/-', value: random.below(9) }] }, '');
  }

  /** Different from every other one. */
  #body(): JsonObject {
    const random = this.#random;
    this.#made += 1;
    const size = random.chance(0.1) ? random.below(3000) : random.below(60);
    return {
      made: this.#made,
      by: random.below(2 ** 31),
      text: 'ä'.repeat(size),
      slot: random.below(slots),
      count: 0,
      toString: [null, -1.5, size],
    };
  }
}
