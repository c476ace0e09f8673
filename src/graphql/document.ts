import type { AsOf } from '../database/database.ts';
import type { Operation } from '../database/operation.ts';
import { type Document, defaultTable } from '../document/document.ts';
import { parseDocumentId } from '../document/document-id.ts';
import { parsePath, resolvePath } from '../document/path.ts';
import { InvalidArgumentError } from '../errors.ts';
import type { Archived } from '../query/find-query.ts';
import { type AsOfRef, asOfOf } from './as-of.ts';
import type { DocumentFilterInputs } from './document-filter.ts';
import type { OperationContext } from './operation-context.ts';
import type { OperationInputs } from './operation-input.ts';
import { parseCreate, parseErase, parsePatch, parseUpdate, parseVersioned } from './operation-parser.ts';
import type { YaradbSchemaBuilder } from './schema-builder.ts';

export type DocumentRef = ReturnType<typeof addDocument>;

/** What the fields of documents take their arguments from. */
export interface DocumentInputs {
  readonly filter: DocumentFilterInputs;
  readonly asOf: AsOfRef;
  readonly operations: OperationInputs;
}

/** Adds `Document` and the fields that read and write a single one. */
export function addDocument(
  builder: YaradbSchemaBuilder,
  { filter: inputs, asOf: asOfInput, operations }: DocumentInputs,
) {
  const document = builder.objectRef<Document>('Document').implement({
    description: 'One version of a JSON document.',
    fields: (t) => ({
      id: t.exposeID('id', { description: 'A UUID, given by the server (version 7) or by the creator.' }),
      table: t.string({ resolve: ({ table }) => table.name, description: 'The table that it lives in.' }),
      name: t.exposeString('name', { description: 'The label given at creation.' }),
      body: t.expose('body', { type: 'JSON', description: 'A JSON object, exactly as it was stored.' }),
      value: t.field({
        type: 'JSON',
        nullable: true,
        args: { path: t.arg.string({ required: true }) },
        description: 'What is at a path such as "address.city"; null when there is nothing.',
        resolve: (parent, { path }) => resolvePath(parent, parsePath(path, 'path')) ?? null,
      }),
      bodyHash: t.exposeString('bodyHash', {
        description: 'SHA-256 of the canonical form (RFC 8785) of the body, in lower-case hex.',
      }),
      version: t.exposeInt('version', { description: '1 at creation, one more at every change.' }),
      createdAt: t.expose('createdAt', { type: 'DateTime' }),
      updatedAt: t.expose('updatedAt', { type: 'DateTime', nullable: true }),
      archivedAt: t.expose('archivedAt', { type: 'DateTime', nullable: true }),
      sequence: t.expose('sequence', { type: 'Sequence', description: 'The commit that wrote this version.' }),
    }),
  });

  builder.queryField('getDocument', (t) =>
    t.field({
      type: document,
      nullable: true,
      description: 'Null when there is none that `archived` admits, or none of this version.',
      args: {
        id: t.arg.id({ required: true }),
        version: t.arg.int({ description: 'The newest when left out. `archived` is about the version as it was.' }),
        asOf: t.arg({ type: asOfInput }),
        archived: t.arg({ type: inputs.archived, defaultValue: 'EXCLUDE' }),
      },
      // Not async: this is the hot path, and a promise would be all that makes it wait.
      resolve: (_root, { id, version, asOf, archived }, context) => {
        const documentId = parseDocumentId(id, 'id');
        if (version != null) checkVersionNumber(version);
        const admitted = archived ?? 'EXCLUDE';
        if (version == null && asOf == null) return context.getDocument(documentId, admitted);
        return readPast(context, documentId, version ?? undefined, asOfOf(asOf), admitted);
      },
    }),
  );

  builder.mutationFields((t) => ({
    createDocument: t.field({
      type: document,
      nullable: true,
      description: 'The table is made on first use.',
      args: {
        name: t.arg.string({ required: true }),
        body: t.arg({ type: 'JSON', required: true }),
        table: t.arg.string({ defaultValue: defaultTable.name }),
        id: t.arg.id({ description: 'A UUID. The server gives one when it is left out.' }),
      },
      resolve: (_root, given, context) => commit(context, parseCreate(given)),
    }),
    updateDocument: t.field({
      type: document,
      nullable: true,
      description: 'Replaces the body, if the document is still at `version`.',
      args: {
        id: t.arg.id({ required: true }),
        version: t.arg.int({ required: true }),
        body: t.arg({ type: 'JSON', required: true }),
      },
      resolve: (_root, given, context) => commit(context, parseUpdate(given)),
    }),
    patchDocument: t.field({
      type: document,
      nullable: true,
      description:
        'Changes a part of the body, if the document is still at `version`. With `rebase` a merge patch is applied, too, when the document ' +
        'has changed since, but not where the patch writes.',
      args: {
        id: t.arg.id({ required: true }),
        version: t.arg.int({ description: 'Only an increment can do without.' }),
        change: t.arg({ type: operations.change, required: true }),
        rebase: t.arg.boolean({ defaultValue: false }),
      },
      resolve: (_root, given, context) => commit(context, parsePatch(given)),
    }),
    archiveDocument: t.field({
      type: document,
      nullable: true,
      description: 'Hides the document until it is restored.',
      args: { id: t.arg.id({ required: true }), version: t.arg.int() },
      resolve: (_root, given, context) => commit(context, { kind: 'archive', ...parseVersioned(given) }),
    }),
    restoreDocument: t.field({
      type: document,
      nullable: true,
      description: 'Brings an archived document back.',
      args: { id: t.arg.id({ required: true }), version: t.arg.int() },
      resolve: (_root, given, context) => commit(context, { kind: 'restore', ...parseVersioned(given) }),
    }),
    eraseDocument: t.boolean({
      nullable: true,
      description:
        'Takes the document away for good, archived or not, if it is still at `version`: it is gone from memory and from every ' +
        'answer at once. Its bytes leave the disk as history is pruned, or when the operator of the server runs `yaradb compact`: ' +
        '`erasedOnDiskUpTo` in `status { history }` tells up to which commit that has been done.',
      args: { id: t.arg.id({ required: true }), version: t.arg.int({ required: true }) },
      resolve: async (_root, given, { database, principal }) => {
        await database.commit(principal, [parseErase(given)]);
        return true;
      },
    }),
  }));

  return document;
}

async function readPast(
  context: OperationContext,
  id: string,
  version: number | undefined,
  asOf: AsOf | undefined,
  archived: Archived,
): Promise<Document | null> {
  const view = await context.view(asOf);
  return version === undefined ? view.getDocument(id, archived) : view.documentVersion(id, version, archived);
}

async function commit({ database, principal }: OperationContext, operation: Operation): Promise<Document> {
  const { documents } = await database.commit(principal, [operation]);
  const [document] = documents;
  if (document === undefined) throw new TypeError(`The commit of one ${operation.kind} operation gave no document`);
  return document;
}

function checkVersionNumber(version: number): void {
  if (version >= 1) return;
  throw new InvalidArgumentError(`version: ${version} is given`, {
    path: 'version',
    expected: 'a whole number from 1',
  });
}
