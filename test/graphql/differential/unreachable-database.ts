import type { Database } from '../../../src/database/database.ts';

function refuse(): never {
  throw new TypeError('nobody here asks the database');
}

/** For executions of schemas that have none of our fields. */
export const unreachableDatabase: Database = {
  getDocument: refuse,
  view: refuse,
  commit: refuse,
  replay: refuse,
  createTable: refuse,
  updateTable: refuse,
  dropTable: refuse,
  createIndex: refuse,
  dropIndex: refuse,
  changes: refuse,
  status: refuse,
  close: refuse,
};
