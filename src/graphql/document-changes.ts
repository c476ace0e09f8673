import type { ChangeEvent, ChangeSet, DocumentChanged, Progress, ResyncRequired } from '../database/changes.ts';
import { ChangeSource } from './change-source.ts';
import type { DocumentRef } from './document.ts';
import { type DocumentFilterInputs, filterOf } from './document-filter.ts';
import type { YaradbSchemaBuilder } from './schema-builder.ts';
import { SubscriptionContext } from './subscription-context.ts';

/** Adds the subscription `changes` and what it tells. */
export function addDocumentChanges(
  builder: YaradbSchemaBuilder,
  document: DocumentRef,
  inputs: DocumentFilterInputs,
): void {
  const event = builder.unionType('ChangeEvent', {
    description:
      'Every kind tells a place from which the subscription can be resumed, but `ResyncRequired`, which ends it.',
    types: addEvents(builder, document),
    resolveType: ({ kind }: ChangeEvent) => typeNames[kind],
  });

  builder.subscriptionType({ description: 'Over Server-Sent Events or a WebSocket.' });
  builder.subscriptionField('changes', (t) =>
    t.field({
      type: event,
      description:
        'What is committed: each commit that concerns the filter exactly once, whole and in order. Without `table`: of all tables. With ' +
        "`after`, what was committed behind it comes first: a list's `sequence` there misses nothing and doubles nothing. The first event comes " +
        'at once. A client may read as slowly as it likes, as far as history is kept.',
      args: {
        table: t.arg.string(),
        filter: t.arg({
          type: inputs.filter,
          description:
            'Archived documents are told of like all others: `{path: "$archivedAt", eq: null}` fits those that are not.',
        }),
        after: t.arg({ type: 'Sequence', description: 'From now on when left out.' }),
        epoch: t.arg.id({
          description: 'The one that `after` is of, so that a number which was given again misleads nobody.',
        }),
      },
      subscribe: async (_root, { table, filter, after, epoch }, context) => {
        const resumeAt = context instanceof SubscriptionContext ? context.resumeAt : undefined;
        const stream = await context.database.changes(context.principal, {
          table: table ?? undefined,
          filter: filterOf(filter, context.services.queryLimits.filter),
          after: resumeAt?.sequence ?? after ?? undefined,
          epoch: resumeAt?.epoch ?? epoch ?? undefined,
        });
        return new ChangeSource(stream);
      },
      resolve: (told) => told,
    }),
  );
}

const typeNames = { changeSet: 'ChangeSet', progress: 'Progress', resyncRequired: 'ResyncRequired' } as const;

function addEvents(builder: YaradbSchemaBuilder, document: DocumentRef) {
  const kind = builder.enumType('ChangeKind', {
    description: 'What became of a document.',
    values: {
      CREATED: {},
      UPDATED: { description: 'Also when it came to fit the filter by that.' },
      ARCHIVED: {},
      RESTORED: {},
      ERASED: { description: 'It is gone, or its table was dropped.' },
      LEFT: { description: 'It does not fit the filter any more.' },
    } as const,
  });

  const changed = builder.objectRef<DocumentChanged>('DocumentChanged').implement({
    fields: (t) => ({
      kind: t.expose('kind', { type: kind }),
      document: t.expose('document', {
        type: document,
        description:
          'As the commit left it. Of one that is erased nothing is told that was in its body; `table` and `name` are empty once they are not known.',
      }),
      before: t.expose('before', {
        type: document,
        nullable: true,
        description: 'As it was before, whether it fitted the filter or not. Null for what was created or erased.',
      }),
    }),
  });

  const changeSet = builder.objectRef<ChangeSet>('ChangeSet').implement({
    description:
      'One commit, as far as it concerns the filter. What was erased has no past: a commit that is told of later comes without the document.',
    fields: (t) => ({
      sequence: t.expose('sequence', { type: 'Sequence' }),
      epoch: t.exposeID('epoch'),
      committedAt: t.expose('committedAt', { type: 'DateTime' }),
      changes: t.expose('changes', { type: [changed], description: 'In the order in which the commit made them.' }),
    }),
  });

  const progress = builder.objectRef<Progress>('Progress').implement({
    description:
      'Nothing for this filter up to here. Comes first when there is nothing to tell yet, then from time to time.',
    fields: (t) => ({
      sequence: t.expose('sequence', { type: 'Sequence' }),
      epoch: t.exposeID('epoch'),
    }),
  });

  const resyncRequired = builder.objectRef<ResyncRequired>('ResyncRequired').implement({
    description:
      '`after` is not kept any more or of another epoch, or a table was dropped whose documents cannot be told one by one. Ends the subscription: ' +
      'read the list again, and subscribe behind its `sequence`.',
    fields: (t) => ({
      epoch: t.exposeID('epoch'),
      oldest: t.expose('oldest', { type: 'Sequence', description: 'The least that `after` may be.' }),
      newest: t.expose('newest', { type: 'Sequence' }),
    }),
  });

  return [changeSet, progress, resyncRequired];
}
