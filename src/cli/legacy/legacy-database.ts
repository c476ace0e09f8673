import { isJsonObject, type JsonObject } from '../../document/json.ts';
import { type LegacyDocument, legacyDocument } from './legacy-document.ts';
import { LegacyError } from './legacy-problem.ts';
import { idAt, member, objectAt, optionalTimeAt, textAt, timeAt, versionAt, wrong } from './legacy-value.ts';

/** A table as the Python server had it. */
export interface LegacyTable {
  readonly id: string;
  readonly name: string;
  readonly createdAt: number | null;
  readonly schema: JsonObject | null;
  readonly readOnly: boolean;
  readonly uniqueFields: readonly string[];
}

export type LegacyIndexType = 'hash' | 'btree';

/** What came of an operation of the log. */
export type Applied = 'applied' | 'known';

/** The state of the Python server, as its files tell it: the storage file, then the operations of the log, in order. */
export class LegacyDatabase {
  /** By id, in the order of their creation. */
  readonly documents = new Map<string, LegacyDocument>();
  /** By name. */
  readonly tables = new Map<string, LegacyTable>();
  /** By the name of the table, then by field. */
  readonly indexes = new Map<string, Map<string, LegacyIndexType>>();

  /** @throws {LegacyError} when there is one of its id. */
  addDocument(document: LegacyDocument): void {
    if (this.documents.has(document.id)) throw new LegacyError(`document ${document.id} is there twice`);
    this.documents.set(document.id, document);
  }

  /** @throws {LegacyError} */
  addTable(table: JsonObject): void {
    const added = legacyTable(table);
    this.tables.set(added.name, added);
    const indexes = member(table, 'indexes');
    if (!isJsonObject(indexes)) return;
    for (const [field, type] of Object.entries(indexes)) this.#addIndex(added.name, field, type);
  }

  /**
   * Applies an operation of the log.
   * @returns `known` for one that the storage file has already: the server stopped between writing that file and emptying the log.
   * @throws {LegacyError | DatabaseError}
   */
  apply(operation: JsonObject): Applied {
    const op = textAt(operation, 'op');
    switch (op) {
      case 'create':
      case 'create_combined':
        return this.#create(legacyDocument(objectAt(operation, 'doc')));
      case 'update':
        return this.#change(operation, (document, updatedAt) => {
          document.body = objectAt(operation, 'body');
          document.updatedAt = updatedAt;
        });
      case 'archive':
        // The server kept one time for both.
        return this.#change(operation, (document, updatedAt) => {
          document.updatedAt = updatedAt;
          document.archivedAt = updatedAt;
        });
      case 'create_table':
        this.addTable(objectAt(operation, 'table'));
        return 'applied';
      case 'drop_table':
        this.tables.delete(textAt(operation, 'name'));
        this.indexes.delete(textAt(operation, 'name'));
        return 'applied';
      case 'create_index':
        this.#addIndex(textAt(operation, 'table_name'), textAt(operation, 'field'), member(operation, 'index_type'));
        return 'applied';
      case 'drop_index':
        this.indexes.get(textAt(operation, 'table_name'))?.delete(textAt(operation, 'field'));
        return 'applied';
      default:
        throw new LegacyError(`'${op}' is no operation of the Python YaraDB`);
    }
  }

  #create(document: LegacyDocument): Applied {
    if (this.documents.has(document.id)) return 'known';
    this.addDocument(document);
    return 'applied';
  }

  #change(operation: JsonObject, change: (document: LegacyDocument, updatedAt: number) => void): Applied {
    const id = idAt(operation, 'doc_id');
    const version = versionAt(operation, 'version');
    const updatedAt = timeAt(operation, 'updated_at');
    const document = this.documents.get(id);
    if (document === undefined)
      throw new LegacyError(`there is no document ${id} to change: something before is missing`);
    if (version <= document.version) return 'known';
    if (version > document.version + 1) {
      throw new LegacyError(
        `document ${id} comes to version ${version} where ${document.version + 1} is due: something before is missing`,
      );
    }
    change(document, updatedAt);
    document.version = version;
    return 'applied';
  }

  #addIndex(table: string, field: string, type: unknown): void {
    if (type !== 'hash' && type !== 'btree') throw wrong('index_type', 'hash or btree');
    const indexes = this.indexes.get(table) ?? new Map<string, LegacyIndexType>();
    this.indexes.set(table, indexes.set(field, type));
  }
}

function legacyTable(table: JsonObject): LegacyTable {
  const settings = member(table, 'settings');
  const given = isJsonObject(settings) ? settings : {};
  const schema = member(given, 'schema');
  const uniqueFields = member(given, 'unique_fields');
  return {
    id: idAt(table, '_id'),
    name: textAt(table, 'name'),
    createdAt: optionalTimeAt(table, 'created_at'),
    schema: isJsonObject(schema) ? schema : null,
    readOnly: member(given, 'read_only') === true,
    uniqueFields: Array.isArray(uniqueFields) ? uniqueFields.filter((field) => typeof field === 'string') : [],
  };
}
