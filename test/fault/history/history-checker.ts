import { isDeepStrictEqual } from 'node:util';
import type { DocumentState, HistoryEvent } from './history.ts';

/**
 * Whether what the clients saw can be had from one copy of each document on which every request takes effect at one moment between
 * its sending and its answer: linearizability, per document. Versions count up by one and every body is unique, so that no search
 * is needed: each version has one writer, and all there is to check is that who saw it saw what that wrote, and that no
 * request went back behind what another had seen before it was sent.
 * @returns what is wrong, in words; nothing when all is well.
 */
export function checkHistory(events: readonly HistoryEvent[]): string[] {
  const problems: string[] = [];
  for (const [document, ofDocument] of Map.groupBy(events, (event) => event.document)) {
    problems.push(...checkDocument(ofDocument).map((problem) => `${document}: ${problem}`));
  }
  return [...problems, ...checkSequences(events)];
}

function checkDocument(events: readonly HistoryEvent[]): string[] {
  const problems: string[] = [];
  const writers = new Map<number, HistoryEvent>();
  for (const event of events) {
    const { outcome, intended } = event;
    if (outcome.kind !== 'written') continue;
    const { version } = outcome.state;
    if (!isDeepStrictEqual(outcome.state, intended)) {
      problems.push(`a write of ${show(intended)} was answered with ${show(outcome.state)}`);
    }
    if (writers.has(version)) problems.push(`version ${version} was written twice, both acknowledged`);
    writers.set(version, event);
  }

  // A version that no acknowledged write made is one of those whose outcome is unknown: what was seen of it tells which.
  for (const { outcome } of events) {
    const state = outcome.kind === 'read' ? outcome.state : null;
    if (state === null) continue;
    const known = writers.get(state.version);
    const writer = known ?? events.find((event) => isUnknown(event) && isDeepStrictEqual(event.intended, state));
    if (writer === undefined) problems.push(`${show(state)} was read, and nobody wrote it`);
    else if (!isDeepStrictEqual(writer.intended, state)) {
      problems.push(`${show(state)} was read where ${show(writer.intended)} was written`);
    } else writers.set(state.version, writer);
  }

  const newest = Math.max(0, ...writers.keys(), ...events.map(({ outcome }) => positionOf(outcome) ?? 0));
  for (let version = 1; version <= newest; version += 1) {
    const possible = events.some((event) => isUnknown(event) && event.intended?.version === version);
    if (!writers.has(version) && !possible) problems.push(`version ${version} was there, and nobody wrote it`);
  }
  return [...problems, ...checkOrder(events, new Set(writers.values()))];
}

/** Whoever was answered before another asked: the other sees at least as much, and what it writes comes after. */
function checkOrder(events: readonly HistoryEvent[], effective: ReadonlySet<HistoryEvent>): string[] {
  const problems: string[] = [];
  const byCompletion = events
    .filter(({ outcome }) => positionOf(outcome) !== null)
    .sort((a, b) => a.completed - b.completed);
  let next = 0;
  let seen = 0;
  for (const event of events.toSorted((a, b) => a.invoked - b.invoked)) {
    for (let done = byCompletion[next]; done !== undefined && done.completed < event.invoked; ) {
      seen = Math.max(seen, positionOf(done.outcome) ?? 0);
      next += 1;
      done = byCompletion[next];
    }
    const writes = effective.has(event);
    const position = writes ? (event.intended?.version ?? 0) : positionOf(event.outcome);
    if (position === null) continue;
    if (writes && position <= seen) problems.push(`version ${position} was seen before its write was sent`);
    else if (position < seen) problems.push(`version ${position} was seen after version ${seen}`);
  }
  return problems;
}

/** Commits are numbered in an order that agrees with what their clients saw, over all documents. */
function checkSequences(events: readonly HistoryEvent[]): string[] {
  const problems: string[] = [];
  const written = events.flatMap(({ outcome, invoked, completed }) =>
    outcome.kind === 'written' ? [{ sequence: outcome.sequence, invoked, completed }] : [],
  );
  const byCompletion = written.toSorted((a, b) => a.completed - b.completed);
  let next = 0;
  let newest = 0;
  for (const { sequence, invoked } of written.toSorted((a, b) => a.invoked - b.invoked)) {
    for (let done = byCompletion[next]; done !== undefined && done.completed < invoked; ) {
      newest = Math.max(newest, done.sequence);
      next += 1;
      done = byCompletion[next];
    }
    if (sequence <= newest) problems.push(`commit ${sequence} was asked for after commit ${newest} was acknowledged`);
  }
  return problems;
}

function isUnknown({ outcome }: HistoryEvent): boolean {
  return outcome.kind === 'unknown';
}

/** The version that the document had when the request took effect; null when the answer does not tell. */
function positionOf(outcome: HistoryEvent['outcome']): number | null {
  switch (outcome.kind) {
    case 'read':
      return outcome.state?.version ?? 0;
    case 'written':
      return outcome.state.version;
    case 'conflict':
      return outcome.version;
    default:
      return null;
  }
}

function show(state: DocumentState | null): string {
  return state === null ? 'nothing' : `${state.marker} at ${state.version}${state.archived ? ', archived' : ''}`;
}
