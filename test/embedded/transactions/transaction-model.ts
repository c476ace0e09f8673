import type { Operation } from '../../../src/database/operation.ts';

/** What the generated transactions write: `u` is unique among live documents. */
export interface ModelBody {
  readonly n: number;
  readonly m?: number;
  readonly u?: number;
}

export interface ModelDocument {
  readonly id: string;
  readonly version: number;
  readonly body: ModelBody;
  readonly archived: boolean;
  /** Bodies of its versions from the first on, since it was created. */
  readonly bodies: readonly ModelBody[];
}

/** A state of the database, as simple as can be. It never changes: a transaction makes another. */
export type ModelState = ReadonlyMap<string, ModelDocument>;

/** The operations that the model understands, each with what it needs. */
export type ModelOperation =
  | { readonly kind: 'create'; readonly id: string; readonly body: ModelBody }
  | { readonly kind: 'update'; readonly id: string; readonly version: number; readonly body: ModelBody }
  | { readonly kind: 'increment'; readonly id: string; readonly by: number }
  | {
      readonly kind: 'merge';
      readonly id: string;
      readonly version: number;
      readonly merge: Partial<ModelBody>;
      readonly rebase: boolean;
    }
  | { readonly kind: 'archive'; readonly id: string; readonly version?: number }
  | { readonly kind: 'restore'; readonly id: string; readonly version?: number }
  | { readonly kind: 'erase'; readonly id: string; readonly version: number }
  | { readonly kind: 'assert'; readonly id: string; readonly version: number }
  | { readonly kind: 'exists'; readonly id: string; readonly exists: boolean };

export interface ModelOutcome {
  readonly state: ModelState;
  /** One for each operation that writes. */
  readonly written: readonly ModelDocument[];
}

export interface ModelRefusal {
  readonly code: string;
  readonly operation: number;
}

class Refusal extends Error {}

/** What the transaction comes to when it runs alone on this state. */
export function runAlone(state: ModelState, operations: readonly ModelOperation[]): ModelOutcome | ModelRefusal {
  const documents = new Map(state);
  const written: ModelDocument[] = [];
  const lastChange = new Map<string, number>();
  for (const [index, operation] of operations.entries()) {
    try {
      const document = runOne(documents, operation);
      if (document === undefined) continue;
      written.push(document);
      lastChange.set(document.id, index);
    } catch (error) {
      if (error instanceof Refusal) return { code: error.message, operation: index };
      throw error;
    }
  }
  for (const [id, operation] of lastChange) {
    const document = documents.get(id);
    if (document === undefined || document.archived || document.body.u === undefined) continue;
    for (const other of documents.values()) {
      if (other.id === id || other.archived || other.body.u !== document.body.u) continue;
      // Of two operations of one transaction the later one is to blame.
      if ((lastChange.get(other.id) ?? -1) > operation) continue;
      return { code: 'UNIQUE_VIOLATION', operation };
    }
  }
  return { state: documents, written };
}

function runOne(documents: Map<string, ModelDocument>, operation: ModelOperation): ModelDocument | undefined {
  const { id } = operation;
  const current = documents.get(id);
  switch (operation.kind) {
    case 'create':
      if (current !== undefined) throw new Refusal('ALREADY_EXISTS');
      return put(documents, { id, version: 1, body: operation.body, archived: false, bodies: [operation.body] });
    case 'update':
      return put(documents, next(atVersion(live(current), operation.version), { body: operation.body }));
    case 'increment': {
      const before = live(current);
      return put(documents, next(before, { body: { ...before.body, n: before.body.n + operation.by } }));
    }
    case 'merge': {
      const before = live(current);
      if (!operation.rebase || !untouched(before, operation)) atVersion(before, operation.version);
      return put(documents, next(before, { body: { ...before.body, ...operation.merge } }));
    }
    case 'archive': {
      const before = there(current);
      if (before.archived) throw new Refusal('ALREADY_ARCHIVED');
      return put(documents, next(atVersion(before, operation.version), { archived: true }));
    }
    case 'restore': {
      const before = there(current);
      if (!before.archived) throw new Refusal('NOT_ARCHIVED');
      return put(documents, next(atVersion(before, operation.version), { archived: false }));
    }
    case 'erase': {
      const before = atVersion(there(current), operation.version);
      documents.delete(id);
      return before;
    }
    case 'assert':
      atVersion(live(current), operation.version);
      return undefined;
    case 'exists':
      if (operation.exists) live(current);
      else if (current !== undefined) throw new Refusal('ALREADY_EXISTS');
      return undefined;
  }
}

function put(documents: Map<string, ModelDocument>, document: ModelDocument): ModelDocument {
  documents.set(document.id, document);
  return document;
}

function next(before: ModelDocument, change: Partial<ModelDocument>): ModelDocument {
  const after = { ...before, ...change, version: before.version + 1 };
  return { ...after, bodies: [...before.bodies, after.body] };
}

function there(document: ModelDocument | undefined): ModelDocument {
  if (document === undefined) throw new Refusal('NOT_FOUND');
  return document;
}

function live(document: ModelDocument | undefined): ModelDocument {
  if (there(document).archived) throw new Refusal('NOT_FOUND');
  return there(document);
}

function atVersion(document: ModelDocument, version: number | undefined): ModelDocument {
  if (version !== undefined && version !== document.version) throw new Refusal('VERSION_CONFLICT');
  return document;
}

function untouched(
  current: ModelDocument,
  { version, merge }: { version: number; merge: Partial<ModelBody> },
): boolean {
  const base = current.bodies[version - 1];
  if (base === undefined) return false;
  const keys = ['n', 'm', 'u'] as const;
  return keys.every((key) => merge[key] === undefined || base[key] === current.body[key]);
}

/** The operation as a database takes it. */
export function toOperation(operation: ModelOperation, table: string): Operation {
  switch (operation.kind) {
    case 'create':
      return { ...operation, table, body: { ...operation.body } };
    case 'update':
      return { ...operation, body: { ...operation.body } };
    case 'increment': {
      const path = { kind: 'body', text: 'n', keys: ['n'] } as const;
      return { kind: 'patch', id: operation.id, change: { increment: [{ path, by: operation.by }] } };
    }
    case 'merge': {
      const { id, version, merge, rebase } = operation;
      return { kind: 'patch', id, version, change: { merge: { ...merge } }, rebase };
    }
    case 'exists':
      return { kind: 'assert', id: operation.id, exists: operation.exists };
    default:
      return operation;
  }
}
