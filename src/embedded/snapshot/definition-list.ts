import type { Definitions, IndexRecord, SettingRecord, TableRecord } from '../log/record.ts';

/** Gathers the definitions of a snapshot, which come in slices. */
export class DefinitionList implements Definitions {
  readonly tables: TableRecord[] = [];
  readonly indexes: IndexRecord[] = [];
  readonly settings: SettingRecord[] = [];

  add({ tables, indexes, settings }: Definitions): void {
    this.tables.push(...tables);
    this.indexes.push(...indexes);
    this.settings.push(...settings);
  }
}
