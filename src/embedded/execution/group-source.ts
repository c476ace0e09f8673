import type { Document } from '../../document/document.ts';
import { compareCreation } from '../document-list.ts';
import { type Group, type HashGroups, isList } from '../index/hash-groups.ts';
import type { IndexKey, IndexKeys } from '../index/index-keys.ts';
import type { WalkDirection } from './list-source.ts';
import type { Source, WalkPlace } from './walk.ts';

/** The entries of a hash index at some keys, which come sorted, and the documents of each in the order of creation or, -1, the opposite one. */
export class GroupSource implements Source {
  readonly #groups: HashGroups;
  readonly #keys: IndexKeys;
  readonly #wanted: readonly IndexKey[];
  readonly #direction: WalkDirection;
  #number = 0;
  /** The key that `next` went on to, when it did: all before it are used up, for what a view sees does not come in later. */
  #reached: number | null = null;
  #group: Group | undefined;
  #index = 0;
  #document: Document | undefined;

  constructor(groups: HashGroups, keys: IndexKeys, wanted: readonly IndexKey[], direction: WalkDirection) {
    this.#groups = groups;
    this.#keys = keys;
    this.#wanted = wanted;
    this.#direction = direction;
  }

  get key(): IndexKey {
    return this.#wanted[this.#number];
  }

  get document(): Document {
    if (this.#document === undefined) throw new Error('there is no entry before the first or after the last');
    return this.#document;
  }

  seek(place: WalkPlace | undefined, included: boolean): void {
    if (place === undefined) {
      this.#enter(this.#reached ?? (this.#direction === 1 ? 0 : this.#wanted.length - 1));
      return;
    }
    const number = this.#numberOf(place.key);
    if (this.#reached !== null && (this.#direction === 1 ? this.#reached > number : this.#reached < number)) {
      this.#enter(this.#reached);
      return;
    }
    this.#enter(number);
    const group = this.#group;
    if (group === undefined) return;
    const behind = indexAfter(group, place.creation);
    const isThere = at(group, behind - 1)?.id === place.creation.id;
    if (this.#direction === 1) this.#index = behind - Number(isThere && included);
    else this.#index = behind - 1 - Number(isThere && !included);
  }

  next(): boolean | null {
    const document = this.#group === undefined ? undefined : at(this.#group, this.#index);
    if (document !== undefined) {
      this.#document = document;
      this.#index += this.#direction;
      return true;
    }
    const next = this.#number + this.#direction;
    if (next < 0 || next >= this.#wanted.length) return false;
    this.#reached = next;
    this.#enter(next);
    return null;
  }

  /** The number of the wanted key: a walk is never anywhere else. */
  #numberOf(key: IndexKey): number {
    let low = 0;
    let high = this.#wanted.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#keys.compare(this.#wanted[middle], key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #enter(number: number): void {
    this.#number = number;
    this.#group =
      number < this.#wanted.length ? this.#groups.get(this.#keys.components(this.#wanted[number])) : undefined;
    this.#index = this.#direction === 1 || this.#group === undefined ? 0 : sizeOf(this.#group) - 1;
  }
}

function sizeOf(group: Group): number {
  return isList(group) ? group.size : 1;
}

function at(group: Group, index: number): Document | undefined {
  if (isList(group)) return group.at(index);
  return index === 0 ? group : undefined;
}

function indexAfter(group: Group, creation: WalkPlace['creation']): number {
  if (isList(group)) return group.indexAfter(creation);
  return compareCreation(group, creation) <= 0 ? 1 : 0;
}
