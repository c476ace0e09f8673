import type { Table, TableIndex, TableSettings } from '../database/table.ts';
import type { JsonObject, JsonValue } from '../document/json.ts';
import { isJsonObject } from '../document/json.ts';
import { formatPath, type Path, parsePath } from '../document/path.ts';
import { InvalidArgumentError } from '../errors.ts';
import type { DocumentFilterInputs } from './document-filter.ts';
import type { YaradbSchemaBuilder } from './schema-builder.ts';

/** Adds `Table`, `Index` and the fields that read and change them. */
export function addTable(builder: YaradbSchemaBuilder, inputs: DocumentFilterInputs): void {
  const kind = builder.enumType('IndexKind', {
    values: {
      HASH: { description: 'Serves equality.' },
      ORDERED: { description: 'Serves equality, ranges, prefixes and orders.' },
    },
  });
  const state = builder.enumType('IndexState', {
    values: {
      BUILDING: { description: 'It is being filled: new writes obey it already, no query uses it yet.' },
      READY: {},
    },
  });

  const index = builder.objectRef<TableIndex>('Index').implement({
    description: 'An index of a table.',
    fields: (t) => ({
      table: t.exposeString('table'),
      path: t.string({
        description: 'The first path.',
        resolve: ({ paths: [path] }) => (path === undefined ? '' : formatPath(path)),
      }),
      paths: t.stringList({ description: 'Most significant first.', resolve: ({ paths }) => paths.map(formatPath) }),
      kind: t.expose('kind', { type: kind }),
      unique: t.exposeBoolean('unique', { description: 'No two live documents have the same value there.' }),
      archived: t.expose('archived', { type: inputs.archived, description: 'Which documents are in it.' }),
      state: t.expose('state', { type: state }),
      filled: t.expose('filled', {
        type: 'SafeInt',
        description: 'Documents that it was filled with so far, of those of the table.',
      }),
      entries: t.expose('entries', {
        type: 'SafeInt',
        description: 'A document that has a list at the path has one for each element.',
      }),
      createdAt: t.expose('createdAt', { type: 'DateTime' }),
    }),
  });

  const settings = builder.objectRef<TableSettings>('Settings').implement({
    description: 'What a table was told.',
    fields: (t) => ({
      schema: t.expose('schema', {
        type: 'JSON',
        nullable: true,
        description: 'A JSON Schema that every body fits; null when the table is free.',
      }),
      uniquePaths: t.exposeStringList('uniquePaths', {
        description: 'No two live documents have the same value there.',
      }),
      readOnly: t.exposeBoolean('readOnly', { description: 'Writes are refused.' }),
    }),
  });

  const table = builder.objectRef<Table>('Table').implement({
    description: 'A set of documents with settings and indexes of its own.',
    fields: (t) => ({
      name: t.exposeString('name'),
      settings: t.expose('settings', { type: settings }),
      documentCount: t.expose('documentCount', { type: 'SafeInt', description: 'Live documents.' }),
      archivedCount: t.expose('archivedCount', { type: 'SafeInt' }),
      bodyBytes: t.expose('bodyBytes', { type: 'SafeInt', description: 'Of the bodies, archived ones included.' }),
      createdAt: t.expose('createdAt', {
        type: 'DateTime',
        nullable: true,
        description: 'Null for the default table, which was there from the beginning.',
      }),
      indexes: t.expose('indexes', { type: [index] }),
    }),
  });

  const settingsInput = builder.inputType('TableSettings', {
    description: 'What is left out stays as it is.',
    fields: (t) => ({
      schema: t.field({ type: 'JSON', description: 'A JSON Schema makes the table strict; null makes it free.' }),
      uniquePaths: t.stringList({ description: 'All of them: a path that is not among them is not unique any more.' }),
      readOnly: t.boolean(),
    }),
  });

  builder.queryFields((t) => ({
    table: t.field({
      type: table,
      nullable: true,
      description: 'Null when there is none.',
      args: { name: t.arg.string({ required: true }) },
      resolve: async (_root, { name }, context) => (await context.view()).table(name),
    }),
    tables: t.field({
      type: [table],
      description: 'By name.',
      resolve: async (_root, _arguments, context) => (await context.view()).tables(),
    }),
  }));

  builder.mutationFields((t) => ({
    createTable: t.field({
      type: table,
      nullable: true,
      description: 'Tables are made on first use, too, without settings.',
      args: { name: t.arg.string({ required: true }), settings: t.arg({ type: settingsInput }) },
      resolve: (_root, { name, settings: given }, { database, principal }) =>
        database.createTable(principal, name, settingsOf(given ?? {})),
    }),
    updateTable: t.field({
      type: table,
      nullable: true,
      description:
        'Refused with the first documents that do not fit when live documents do not fit the settings. With `dryRun` nothing is ' +
        'written, whether they fit or not.',
      args: {
        name: t.arg.string({ required: true }),
        settings: t.arg({ type: settingsInput, required: true }),
        dryRun: t.arg.boolean({ defaultValue: false }),
      },
      resolve: (_root, { name, settings: given, dryRun }, { database, principal }) =>
        database.updateTable(principal, name, settingsOf(given), dryRun ?? false),
    }),
    dropTable: t.boolean({
      nullable: true,
      description: 'Erases the table with its documents and indexes, all in one commit.',
      args: { name: t.arg.string({ required: true }) },
      resolve: async (_root, { name }, { database, principal }) => {
        await database.dropTable(principal, name);
        return true;
      },
    }),
    createIndex: t.field({
      type: index,
      nullable: true,
      description:
        'Answered when the index is filled; reads and writes go on meanwhile, and `tables` shows how far it is. Of one `path`, or of ' +
        'several `paths`, most significant first.',
      args: {
        table: t.arg.string({ required: true }),
        path: t.arg.string(),
        paths: t.arg.stringList(),
        kind: t.arg({ type: kind, defaultValue: 'ORDERED' }),
        unique: t.arg.boolean({ defaultValue: false }),
        archived: t.arg({
          type: inputs.archived,
          defaultValue: 'INCLUDE',
          description: 'Which documents are in it: a partial index serves queries for those or fewer.',
        }),
      },
      resolve: (_root, { table: name, path, paths, kind: given, unique, archived }, { database, principal }) =>
        database.createIndex(principal, {
          table: name,
          paths: pathsOf(path, paths),
          kind: given ?? 'ORDERED',
          unique: unique ?? false,
          archived: archived ?? 'INCLUDE',
        }),
    }),
    dropIndex: t.boolean({
      nullable: true,
      args: { table: t.arg.string({ required: true }), path: t.arg.string(), paths: t.arg.stringList() },
      resolve: async (_root, { table: name, path, paths }, { database, principal }) => {
        await database.dropIndex(principal, name, pathsOf(path, paths));
        return true;
      },
    }),
  }));
}

interface SettingsInput {
  readonly schema?: JsonValue | null | undefined;
  readonly uniquePaths?: readonly string[] | null | undefined;
  readonly readOnly?: boolean | null | undefined;
}

/** A null means absent, but for the schema: there it means none. */
function settingsOf({ schema, uniquePaths, readOnly }: SettingsInput) {
  return { schema: schemaOf(schema), uniquePaths: uniquePaths ?? undefined, readOnly: readOnly ?? undefined };
}

function schemaOf(schema: JsonValue | undefined): JsonObject | null | undefined {
  if (schema === undefined || schema === null || isJsonObject(schema)) return schema;
  throw new InvalidArgumentError('settings.schema: a JSON Schema is an object', {
    path: 'settings.schema',
    expected: 'a JSON Schema such as {"type": "object", "required": ["email"]}',
  });
}

function pathsOf(path: string | null | undefined, paths: readonly string[] | null | undefined): readonly Path[] {
  if ((path == null) === (paths == null) || paths?.length === 0) {
    throw new InvalidArgumentError('An index is of one path or of several', {
      path: 'path',
      expected: 'either path, or paths with at least one',
    });
  }
  return path == null
    ? (paths ?? []).map((text, index) => parsePath(text, `paths.${index}`))
    : [parsePath(path, 'path')];
}
