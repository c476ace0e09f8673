import { defaultTable } from '../document/document.ts';
import type { YaradbSchemaBuilder } from './schema-builder.ts';

/** What clients send to write, as references that fields take their arguments from. */
export type OperationInputs = ReturnType<typeof addOperationInputs>;

/** Adds `DocumentChange` and `Operation`, with an input for each kind of operation. */
export function addOperationInputs(builder: YaradbSchemaBuilder) {
  const change = builder.inputType('DocumentChange', {
    isOneOf: true,
    description: 'What is to become of a part of a body.',
    fields: (t) => ({
      merge: t.field({
        type: 'JSON',
        description: 'A merge patch (RFC 7396): {"city": "Kyiv", "gone": null}. Needs `version`.',
      }),
      patch: t.field({
        type: 'JSON',
        description: 'A JSON Patch (RFC 6902), `test` included: [{"op": "remove", "path": "/gone"}]. Needs `version`.',
      }),
      increment: t.field({
        type: 'JSON',
        description: 'Numbers that are added at paths: {"stats.views": 1}. It commutes, so `version` may be left out.',
      }),
    }),
  });
  const create = builder.inputType('CreateOperation', {
    fields: (t) => ({
      name: t.string({ required: true }),
      body: t.field({ type: 'JSON', required: true }),
      table: t.string({ defaultValue: defaultTable.name }),
      id: t.id(),
    }),
  });
  const update = builder.inputType('UpdateOperation', {
    fields: (t) => ({
      id: t.id({ required: true }),
      version: t.int({ required: true }),
      body: t.field({ type: 'JSON', required: true }),
    }),
  });
  const patch = builder.inputType('PatchOperation', {
    fields: (t) => ({
      id: t.id({ required: true }),
      version: t.int(),
      change: t.field({ type: change, required: true }),
      rebase: t.boolean({ defaultValue: false }),
    }),
  });
  const archive = builder.inputType('ArchiveOperation', {
    fields: (t) => ({ id: t.id({ required: true }), version: t.int() }),
  });
  const restore = builder.inputType('RestoreOperation', {
    fields: (t) => ({ id: t.id({ required: true }), version: t.int() }),
  });
  const erase = builder.inputType('EraseOperation', {
    fields: (t) => ({ id: t.id({ required: true }), version: t.int({ required: true }) }),
  });
  const assert = builder.inputType('AssertOperation', {
    description: 'Writes nothing. Either `version` or `exists`.',
    fields: (t) => ({
      id: t.id({ required: true }),
      version: t.int({ description: 'The live document is at this version.' }),
      exists: t.boolean({
        description: 'Whether there is a live document; with false there is none, archived ones included.',
      }),
    }),
  });
  const operation = builder.inputType('Operation', {
    isOneOf: true,
    description: 'Inputs hold the arguments of the mutation of the same name.',
    fields: (t) => ({
      create: t.field({ type: create }),
      update: t.field({ type: update }),
      patch: t.field({ type: patch }),
      archive: t.field({ type: archive }),
      restore: t.field({ type: restore }),
      erase: t.field({ type: erase }),
      assert: t.field({ type: assert, description: 'A precondition: when it does not hold, nothing is written.' }),
    }),
  });
  return { change, operation };
}
