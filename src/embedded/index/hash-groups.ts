import { canonicalize } from '../../document/canonical-json.ts';
import type { Document } from '../../document/document.ts';
import type { JsonValue } from '../../document/json.ts';
import type { SortKey } from '../../query/ordering.ts';
import { DocumentList } from '../document-list.ts';
import { LargeDocumentList } from '../large-document-list.ts';
import { ShardedMap } from '../sharded-map.ts';

/** A list of more documents is made a large one. */
const listDocumentsMax = 2_048;

/** The documents of one key, in the order of creation: most keys have one document, which then needs no list. Not to be changed from outside. */
export type Group = Document | DocumentList | LargeDocumentList;

/** The documents of a key that has several. */
export function isList(group: Group): group is DocumentList | LargeDocumentList {
  return group instanceof DocumentList || group instanceof LargeDocumentList;
}

/**
 * The entries of a hash index: for each key its documents, in the order of creation. Scalars of one path are found as they are; a list, an
 * object and the keys of several paths by their canonical form, which is what makes them equal.
 */
export class HashGroups {
  readonly #scalars = new ShardedMap<JsonValue, Group>();
  readonly #others = new ShardedMap<string, Group>();
  #size = 0;

  /** Entries: one for each key of each document. */
  get size(): number {
    return this.#size;
  }

  /** Distinct keys. */
  get keyCount(): number {
    return this.#scalars.size + this.#others.size;
  }

  get(components: readonly SortKey[]): Group | undefined {
    const [scalar] = components;
    if (isScalar(components, scalar)) return this.#scalars.get(scalar);
    const text = textOf(components);
    return text === undefined ? undefined : this.#others.get(text);
  }

  count(components: readonly SortKey[]): number {
    const group = this.get(components);
    if (group === undefined) return 0;
    return isList(group) ? group.size : 1;
  }

  /** Whether the entry was not there: else it stands for this version of the document now. */
  put(components: readonly SortKey[], document: Document): boolean {
    const [scalar] = components;
    if (isScalar(components, scalar)) return this.#put(this.#scalars, scalar, document);
    const text = textOf(components);
    return text !== undefined && this.#put(this.#others, text, document);
  }

  /** Whether the entry was there. */
  remove(components: readonly SortKey[], document: Document): boolean {
    const [scalar] = components;
    if (isScalar(components, scalar)) return this.#remove(this.#scalars, scalar, document);
    const text = textOf(components);
    return text !== undefined && this.#remove(this.#others, text, document);
  }

  #put<Key>(groups: ShardedMap<Key, Group>, key: Key, document: Document): boolean {
    const group = groups.get(key);
    if (group === undefined || (!isList(group) && group.id === document.id)) {
      groups.set(key, document);
      if (group === undefined) this.#size += 1;
      return group === undefined;
    }
    const list = isList(group) ? group : new DocumentList();
    if (!isList(group)) {
      list.put(group);
      groups.set(key, list);
    }
    const before = list.size;
    list.put(document);
    this.#size += list.size - before;
    if (list instanceof DocumentList && list.size > listDocumentsMax)
      groups.set(key, new LargeDocumentList(list.toArray()));
    return list.size > before;
  }

  #remove<Key>(groups: ShardedMap<Key, Group>, key: Key, document: Document): boolean {
    const group = groups.get(key);
    if (group === undefined) return false;
    if (!isList(group)) {
      if (group.id !== document.id) return false;
      groups.delete(key);
      this.#size -= 1;
      return true;
    }
    const before = group.size;
    group.remove(document);
    const only = group.at(0);
    if (group.size === 1 && only !== undefined) groups.set(key, only);
    this.#size -= before - group.size;
    return group.size < before;
  }
}

function isScalar(components: readonly SortKey[], key: SortKey): key is null | boolean | number | bigint | string {
  return components.length === 1 && key !== undefined && (typeof key !== 'object' || key === null);
}

/** Undefined for a key that only orders know, of an empty list: no equality asks for it. */
function textOf(components: readonly SortKey[]): string | undefined {
  const values: JsonValue[] = [];
  for (const component of components) {
    if (component === undefined) return undefined;
    values.push(component);
  }
  return canonicalize(values);
}
