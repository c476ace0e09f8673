import type { Document } from '../../document/document.ts';
import type { Position } from '../../query/ordering.ts';
import type { Predicate } from '../../query/predicate-factory.ts';
import type { LargeDocumentList } from '../large-document-list.ts';
import type { Access, IndexAccess, LiteralKeyAccess, Plan } from '../plan/plan.ts';
import { EntrySource } from './entry-source.ts';
import { GroupSource } from './group-source.ts';
import { IdWalk } from './id-walk.ts';
import { leastKeyPlaces, orderPlaces } from './index-places.ts';
import { creationPlaces, ListSource, type WalkDirection } from './list-source.ts';
import { MergedWalk } from './merged-walk.ts';
import type { ScanPace } from './scan-pace.ts';
import { UnionWalk } from './union-walk.ts';
import type { VisibleDocuments } from './visible-documents.ts';
import type { Places, Source, Walk, WalkPlace } from './walk.ts';

export interface WalkRequest {
  readonly visible: VisibleDocuments;
  /** Whether a document is asked for. A walk may give others, too. */
  readonly fits: (document: Document) => boolean;
  /** The same question, to be asked of a list of documents. */
  readonly predicate: (documents: LargeDocumentList) => Pick<Predicate, 'search' | 'count'>;
  /** How many documents that are not asked for a walk may pass over at once. */
  readonly pace: Pick<ScanPace, 'steps'>;
  /** -1 to read the list from its end. It matters only to a plan whose documents come in order. */
  readonly feed: WalkDirection;
  /** Where in the list to begin, included. Only for a plan whose documents come in order. */
  readonly start?: Position | undefined;
}

/** The walk that a plan means: in the order asked for when the plan's order is `creation` or `index`, else in one of its own. */
export function walkFor({ access, indexOrder }: Plan, request: WalkRequest): Walk {
  if (access.kind !== 'index' || indexOrder === null) return walkOf(access, request, null);
  const { index, ranges, severalEntries, isKept } = access;
  const { sorted: entries, keys } = index;
  if (entries === null) throw new Error('a hash index has no order');
  const { feed, start } = request;
  const direction = indexOrder.direction === feed ? 1 : -1;
  const places = orderPlaces(index, indexOrder, feed, severalEntries);
  return merged(request, {
    source: new EntrySource({ entries, keys, ranges, direction, tieDirection: feed }),
    places,
    isExact: access.exact,
    isKept,
    start: start === undefined ? undefined : places.ofPosition(start),
  });
}

/** `table`: of which alone documents are given, when it is not null. */
function walkOf(access: Access, request: WalkRequest, table: string | null): Walk {
  switch (access.kind) {
    case 'nothing':
      return new UnionWalk([]);
    case 'ids':
      return new IdWalk(access.ids, request.visible);
    case 'union':
      return new UnionWalk(access.parts.map((part) => walkOf(part, request, access.ofTables ? tableOf(part) : table)));
    case 'scan':
    case 'literalKey': {
      const { feed, start } = request;
      const places = creationPlaces(feed);
      return merged(request, {
        source: new ListSource(access.documents, feed, request.predicate(access.documents)),
        places: ofTable(access.kind === 'scan' ? places : only(places, holding(access)), table),
        isExact: false,
        isKept: access.isKept,
        start: start === undefined ? undefined : { key: undefined, creation: start },
      });
    }
    case 'index':
      return entryWalk(access, request, table);
  }
}

function entryWalk(
  { index, ranges, severalEntries, exact, isKept }: IndexAccess,
  request: WalkRequest,
  table: string | null,
): Walk {
  const { feed, start } = request;
  const { sorted: entries, groups, keys } = index;
  const keyOf = (range: (typeof ranges)[number] | undefined) =>
    keys.width === 1 ? range?.from?.start[0] : range?.from?.start;
  const source =
    entries === null
      ? groups === null
        ? null
        : new GroupSource(groups, keys, ranges.map(keyOf), feed)
      : new EntrySource({ entries, keys, ranges, direction: feed, tieDirection: feed });
  if (source === null) throw new Error('an index is either sorted or in groups');
  return merged(request, {
    source,
    places: ofTable(leastKeyPlaces(index, ranges, feed, severalEntries), table),
    isExact: exact,
    isKept,
    // A plan in the order of creation asks for one key.
    start: start === undefined ? undefined : { key: keyOf(ranges[0]), creation: start },
  });
}

function merged(
  { visible, fits, pace }: WalkRequest,
  parts: {
    readonly source: Source;
    readonly places: Places;
    readonly isExact: boolean;
    readonly isKept: () => boolean;
    readonly start: WalkPlace | undefined;
  },
): Walk {
  return new MergedWalk({ visible, fits, pace, ...parts });
}

function tableOf(access: Access): string | null {
  if (access.kind === 'index' || access.kind === 'literalKey') return access.table.name;
  if (access.kind === 'scan') return access.table;
  // The parts of a union in a union of tables are of one table.
  if (access.kind === 'union') return access.parts.map(tableOf).find((table) => table !== null) ?? null;
  return null;
}

function ofTable(places: Places, table: string | null): Places {
  return table === null ? places : only(places, (document) => document.table.name === table);
}

function holding({ index, key }: LiteralKeyAccess): (document: Document) => boolean {
  return (document) => index.admits(document) && Object.hasOwn(document.body, key);
}

function only(places: Places, isGiven: (document: Document) => boolean): Places {
  return { ...places, of: (document) => (isGiven(document) ? places.of(document) : undefined) };
}
