import { parseIdempotencyKey } from '../database/idempotency-key.ts';
import type { Commit, Operation } from '../database/operation.ts';
import type { DocumentRef } from './document.ts';
import type { OperationInputs } from './operation-input.ts';
import { parseOperations } from './operation-parser.ts';
import type { YaradbSchemaBuilder } from './schema-builder.ts';

/** Adds `Commit` and the mutation that makes one of any operations. */
export function addTransaction(builder: YaradbSchemaBuilder, document: DocumentRef, inputs: OperationInputs): void {
  const commit = builder.objectRef<Commit>('Commit').implement({
    description: 'What a transaction did.',
    fields: (t) => ({
      sequence: t.expose('sequence', {
        type: 'Sequence',
        nullable: true,
        description: 'Null when nothing was written.',
      }),
      committedAt: t.expose('committedAt', {
        type: 'DateTime',
        nullable: true,
        description: 'Null when nothing was written.',
      }),
      documents: t.field({
        type: [document],
        description:
          'One for each operation that writes, in order, as that left it; of an erasure the version that it took away. Of a replay they are what ' +
          'they were, or `HISTORY_GONE` with `sequence`, `committedAt` and `documentIds` when one was erased since or its history is not kept any more.',
        resolve: ({ documents, documentsGone }) => {
          if (documentsGone !== undefined) throw documentsGone;
          return documents;
        },
      }),
      replayed: t.exposeBoolean('replayed', {
        description: 'Whether this is what came of the same request when it was made before.',
      }),
    }),
  });

  builder.mutationField('transact', (t) =>
    t.field({
      type: commit,
      nullable: true,
      description:
        'Runs the operations in order, each on what those before it left, as one commit: all or nothing, at one moment between all other ' +
        'commits. Constraints are checked on the outcome of the whole. An error tells `operation`, the index of the one that it is about.',
      args: {
        operations: t.arg({ type: [inputs.operation], required: true }),
        idempotencyKey: t.arg.string({
          description:
            'Has the request carried out once, however often it is made: with the same key and the same operations the answer is that of the first ' +
            'time, with `replayed`, also after a crash; other operations are `IDEMPOTENCY_KEY_REUSED`. 1 to 255 printable ASCII characters that no ' +
            'one guesses, such as a UUID. What was refused, or has written nothing, may be tried again. Remembered for 24 hours, unless the server ' +
            'was told otherwise.',
        }),
        dryRun: t.arg.boolean({
          defaultValue: false,
          description:
            'Writes nothing: the documents that would result, or the errors. Ids that the server gives, times and `sequence` will be others.',
        }),
      },
      resolve: (_root, { operations, idempotencyKey, dryRun }, { database, principal }) => {
        const commit = (parsed: readonly Operation[]) =>
          database.commit(principal, parsed, {
            dryRun: dryRun ?? false,
            namesOperation: true,
            idempotency:
              idempotencyKey == null ? undefined : { key: parseIdempotencyKey(idempotencyKey, 'idempotencyKey') },
          });
        const parsed = parseOperations(operations, 'operations');
        return parsed instanceof Promise ? parsed.then(commit) : commit(parsed);
      },
    }),
  );
}
