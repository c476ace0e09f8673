import { formatPath } from '../../document/path.ts';
import type { FindQuery } from '../../query/find-query.ts';
import type { SortKey } from '../../query/ordering.ts';
import type { IndexOrder } from '../execution/index-places.ts';
import { countEntries, type IndexRange, wholeIndex } from '../index/index-range.ts';
import type { SecondaryIndex } from '../index/secondary-index.ts';
import { LargeDocumentList } from '../large-document-list.ts';
import type { State } from '../state.ts';
import type { TableState } from '../table-state.ts';
import { type Condition, commonRanges, conditionOf, type PathConstraint } from './filter-condition.ts';
import { isWholeKey, pointOf, questionFor } from './index-ranges.ts';
import { isPoint } from './key-range.ts';
import { type Access, estimateOf, type IndexAccess, type Plan } from './plan.ts';
import { requiredKey, settle } from './settled-condition.ts';

/** What is wanted of the documents that fit. */
export type Purpose =
  /** So many of them, from an end of the list. */
  | { readonly kind: 'page'; readonly documents: number }
  | { readonly kind: 'all' }
  /** All of them, in any order. */
  | { readonly kind: 'count' };

/** What work is guessed to take, when to try a document of a scan, which lies behind the one before, takes 1. */
export interface PlanCosts {
  /** To come to a document by an entry of an index, and to try it. */
  readonly entry: number;
  /** To offer a document to those that a page keeps; most are refused. */
  readonly top: number;
  /** To sort so many documents that they are compared with one another once each, in each of the rounds that it takes. */
  readonly sort: number;
}

export const defaultPlanCosts: PlanCosts = Object.freeze({ entry: 3, top: 0.2, sort: 0.5 });

/**
 * A filter may ask for more than a plan knows of. When it is guessed how many documents have to be tried until a page is full, it is taken to let
 * one in so many pass.
 */
const passesOneIn = 10;

const nothing: Access & { readonly kind: 'nothing' } = Object.freeze({ kind: 'nothing' });

interface Candidate {
  readonly plan: Plan;
  readonly cost: number;
}

/**
 * Chooses how to find the documents of a query: of the indexes that serve, and of a scan, what is guessed to take the least. What a plan leads to
 * are all documents that may fit, so a bad guess takes longer and is right. A plan holds for a view for as long as that is open.
 */
export class Planner {
  readonly #state: State;
  /**
   * Whether the view sees what lists and indexes hold now. Else it may know documents with several keys where the index has none any more, of
   * tables that are gone.
   */
  readonly #isNewest: boolean;
  readonly #query: FindQuery;
  readonly #purpose: Purpose;
  readonly #condition: Condition;
  readonly #costs: PlanCosts;

  constructor(state: State, isNewest: boolean, query: FindQuery, purpose: Purpose, costs: PlanCosts) {
    this.#costs = costs;
    this.#state = state;
    this.#isNewest = isNewest;
    this.#query = query;
    this.#purpose = purpose;
    this.#condition = conditionOf(query.filter);
  }

  plan(): Plan {
    let best: Candidate | undefined;
    for (const candidate of this.#candidates()) {
      if (best === undefined || candidate.cost < best.cost) best = candidate;
    }
    if (best === undefined) throw new Error('there is always a scan');
    return best.plan;
  }

  #candidates(): readonly Candidate[] {
    const { table: name } = this.#query;
    if (name === undefined) {
      const tables = Array.from(this.#state.tables()).filter(({ documents }) => documents.size > 0);
      const [only] = tables;
      return tables.length === 1 && only !== undefined ? this.#ofTable(only) : this.#ofTables(tables);
    }
    const table = this.#state.table(name);
    if (table !== undefined) return this.#ofTable(table);
    // The view may have seen documents of it.
    return [this.#scan({ kind: 'scan', table: name, documents: new LargeDocumentList(), isKept: () => false }, 0)];
  }

  #ofTable(table: TableState): readonly Candidate[] {
    const { documents } = table;
    const condition = this.#settled(table);
    const found = condition === null ? nothing : this.#accessTo(table, condition);
    if (condition === null || found?.kind === 'nothing') {
      return [{ plan: { access: nothing, order: 'none', indexOrder: null }, cost: 0 }];
    }
    const matching = Math.min(documents.size, found === null ? documents.size : estimateOf(found));
    const candidates = [this.#scan(this.#scanOf(table, this.#query.table ?? null), matching)];
    if (found !== null) candidates.push(this.#found(found, matching));
    if (this.#purpose.kind === 'count' || this.#query.orderBy.length === 0) return candidates;
    for (const index of this.#servingIndexes(table)) {
      const candidate = this.#inIndexOrder(table, index, condition, matching);
      if (candidate !== null) candidates.push(candidate);
    }
    return candidates;
  }

  #ofTables(tables: readonly TableState[]): readonly Candidate[] {
    const { documents } = this.#state;
    const ids = idsOf(this.#condition);
    if (ids !== null) return [this.#found(ids, estimateOf(ids))];
    const scan: Access = { kind: 'scan', table: null, documents, isKept: () => true };
    const parts = tables.map((table) => {
      const condition = this.#settled(table);
      if (condition === null) return nothing;
      return this.#accessTo(table, condition) ?? this.#scanOf(table, table.reference.name);
    });
    // A view that is not the newest one may have seen documents of tables that are gone, or empty: what was changed or erased since is tried.
    if (!this.#isNewest)
      parts.push({ kind: 'scan', table: null, documents: new LargeDocumentList(), isKept: () => true });
    const union: Access = { kind: 'union', parts: parts.filter(({ kind }) => kind !== 'nothing'), ofTables: true };
    const matching = estimateOf(union);
    return [this.#scan(scan, matching), this.#found(union, matching)];
  }

  /** What the condition comes to in the table; null when no document there meets it. */
  #settled(table: TableState): Condition | null {
    return settle(this.#condition, (constraint) => {
      if (constraint.ranges.length === 0) return true;
      const key = requiredKey(constraint);
      if (key === undefined || !this.#isNewest) return false;
      return this.#servingIndexes(table).some((index) => index.literalKeys.documents(key)?.size === 0);
    });
  }

  /** How many documents that meet the condition are likely to be tried. */
  get #needed(): number {
    if (this.#purpose.kind !== 'page') return Number.POSITIVE_INFINITY;
    return this.#purpose.documents * (this.#condition.exact ? 1 : passesOneIn);
  }

  #scan(access: Access & { readonly kind: 'scan' }, matching: number): Candidate {
    const { size } = access.documents;
    if (this.#purpose.kind === 'count') return { plan: { access, order: 'none', indexOrder: null }, cost: size };
    if (this.#query.orderBy.length > 0) return this.#sorted(access, matching);
    const cost = Math.min(size, (this.#needed * size) / Math.max(1, matching));
    return { plan: { access, order: 'creation', indexOrder: null }, cost };
  }

  #found(access: Access, matching: number): Candidate {
    const cost = this.#costOf(access);
    if (this.#purpose.kind === 'count') {
      const isCounted = access.kind === 'index' && access.exact && this.#isNewest;
      return { plan: { access, order: 'none', indexOrder: null }, cost: isCounted ? 0 : cost };
    }
    if (this.#query.orderBy.length > 0 || !isInCreationOrder(access)) return this.#sorted(access, matching);
    const plan: Plan = { access, order: 'creation', indexOrder: null };
    return { plan, cost: Math.min(cost, this.#needed * this.#costs.entry) };
  }

  #sorted(access: Access, matching: number): Candidate {
    const isPage = this.#purpose.kind === 'page';
    const { top, sort } = this.#costs;
    const sortCost = isPage ? matching * top : matching * Math.log2(matching + 1) * sort;
    return {
      plan: { access, order: isPage ? 'top' : 'sort', indexOrder: null },
      cost: this.#costOf(access) + sortCost,
    };
  }

  /** Null when the entries do not stand in the order that is asked for. */
  #inIndexOrder(table: TableState, index: SecondaryIndex, condition: Condition, matching: number): Candidate | null {
    const order = this.#orderOf(index, condition);
    if (order === null || index.sorted === null) return null;
    const ranges = this.#orderedRanges(index, condition, order.prefix);
    const estimated = countEntries(index.sorted, ranges);
    const access = this.#indexAccess(table, index, { ranges, estimated, exact: false });
    const fraction = Math.max(1, Math.min(matching, estimated)) / Math.max(1, estimated);
    const cost = this.#costs.entry * Math.min(estimated, this.#needed / fraction);
    return { plan: { access, order: 'index', indexOrder: order }, cost };
  }

  /** The paths of the order, all in one direction, must be the last ones of the index, and the filter must give the first ones one value. */
  #orderOf(index: SecondaryIndex, condition: Condition): IndexOrder | null {
    const { orderBy } = this.#query;
    const { paths } = index.record;
    const prefixLength = paths.length - orderBy.length;
    const direction = orderBy[0]?.direction;
    if (prefixLength < 0) return null;
    for (const [number, order] of orderBy.entries()) {
      if (order.direction !== direction || formatPath(order.path) !== paths[prefixLength + number]) return null;
    }
    const prefix: SortKey[] = [];
    for (const path of paths.slice(0, prefixLength)) {
      const equal = condition.constraints.find(
        ({ text, ranges }) => text === path && ranges.length === 1 && ranges.every(isPoint),
      );
      const bound = equal?.ranges[0]?.from;
      if (bound === undefined || bound === null) return null;
      prefix.push(bound.key);
    }
    return { prefix, orderBy, direction: direction === 'ASC' ? 1 : -1 };
  }

  /**
   * The entries of the prefix. Where documents have one key only at the first path of the order, no more than the filter asks for there; else
   * one may fit by one of its keys and be ordered by another.
   */
  #orderedRanges(index: SecondaryIndex, condition: Condition, prefix: readonly SortKey[]): readonly IndexRange[] {
    const text = index.record.paths[prefix.length];
    const constraints = condition.constraints.filter((constraint) => constraint.text === text);
    if (constraints.length === 0 || this.#hasLists(index, prefix.length)) {
      return prefix.length === 0 ? wholeIndex : [pointOf(prefix)];
    }
    const edge = prefix.length === 0 ? null : { start: prefix, included: true };
    return commonRanges(constraints).map(({ from, to }) => ({
      from: from === null ? edge : { start: [...prefix, from.key], included: from.included },
      to: to === null ? edge : { start: [...prefix, to.key], included: to.included },
    }));
  }

  /** What takes the least to find all that may meet the condition, without a scan; null when nothing does. */
  #accessTo(table: TableState, condition: Condition): Access | null {
    let best: Access | null = idsOf(condition);
    const offer = (access: Access | null) => {
      if (access !== null && (best === null || this.#costOf(access) < this.#costOf(best))) best = access;
    };
    for (const index of this.#servingIndexes(table)) {
      const question = questionFor(index, condition, (path) => this.#hasLists(index, path));
      if (question?.ranges.length === 0) return nothing;
      if (question !== null) offer(this.#indexAccess(table, index, question));
      for (const constraint of condition.constraints) offer(this.#literalKeyAccess(table, index, constraint));
    }
    for (const alternatives of condition.alternatives) offer(this.#unionOf(table, alternatives));
    return best;
  }

  #literalKeyAccess(
    table: TableState,
    index: SecondaryIndex,
    constraint: PathConstraint,
  ): (Access & { readonly kind: 'literalKey' }) | null {
    const key = requiredKey(constraint);
    const documents = key === undefined ? undefined : index.literalKeys.documents(key);
    if (key === undefined || documents === undefined) return null;
    const isKept = () => this.#isIndexThere(table, index);
    return { kind: 'literalKey', table: table.reference, index, key, documents, isKept };
  }

  #unionOf(table: TableState, alternatives: readonly Condition[]): Access | null {
    const parts: Access[] = [];
    for (const alternative of alternatives) {
      const part = this.#accessTo(table, alternative);
      if (part === null) return null;
      if (part.kind !== 'nothing') parts.push(part);
    }
    return parts.length === 0 ? nothing : { kind: 'union', parts, ofTables: false };
  }

  /** Those that are filled and have all the documents that the query may see. */
  #servingIndexes({ indexes }: TableState): readonly SecondaryIndex[] {
    const serving: SecondaryIndex[] = [];
    for (const index of indexes.values()) {
      const { ready, archived } = index.record;
      if (ready && (archived === 'INCLUDE' || archived === this.#query.archived)) serving.push(index);
    }
    return serving;
  }

  #scanOf(table: TableState, name: string | null): Access & { readonly kind: 'scan' } {
    return { kind: 'scan', table: name, documents: table.documents, isKept: () => this.#isThere(table) };
  }

  #isThere(table: TableState): boolean {
    return this.#state.isKept(table);
  }

  #isIndexThere(table: TableState, index: SecondaryIndex): boolean {
    return this.#isThere(table) && table.indexes.get(index.record.id) === index;
  }

  #indexAccess(
    table: TableState,
    index: SecondaryIndex,
    question: Pick<IndexAccess, 'ranges' | 'estimated' | 'exact'>,
  ): IndexAccess {
    return {
      kind: 'index',
      table: table.reference,
      index,
      isKept: () => this.#isIndexThere(table, index),
      severalEntries: !isOneKey(index, question.ranges) && index.paths.some((_, path) => this.#hasLists(index, path)),
      ...question,
      exact: question.exact && index.record.archived === this.#query.archived,
    };
  }

  #costOf(access: Access): number {
    switch (access.kind) {
      case 'scan':
        return access.documents.size;
      case 'union':
        return access.parts.reduce((sum, part) => sum + this.#costOf(part), 0);
      default:
        return this.#costs.entry * estimateOf(access);
    }
  }

  #hasLists(index: SecondaryIndex, path: number): boolean {
    return !this.#isNewest || index.hasLists(path);
  }
}

/** Whether its documents come in the order of creation. */
function isInCreationOrder(access: Access): boolean {
  if (access.kind === 'index') return isOneKey(access.index, access.ranges);
  return access.kind === 'nothing' || access.kind === 'literalKey';
}

/** Then a document has one entry there at most. */
function isOneKey(index: SecondaryIndex, ranges: readonly IndexRange[]): boolean {
  const [range] = ranges;
  return ranges.length === 1 && range !== undefined && isWholeKey(index, range);
}

/** Documents are found by id without an index of anybody's making. */
function idsOf({ constraints }: Condition): (Access & { readonly kind: 'ids' }) | null {
  const constraint = constraints.find(({ text, ranges }) => text === '$id' && ranges.every(isPoint));
  if (constraint === undefined) return null;
  const ids = new Set<string>();
  for (const { from } of constraint.ranges) if (typeof from?.key === 'string') ids.add(from.key);
  return { kind: 'ids', ids };
}
