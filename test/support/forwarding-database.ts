import type { Database, ReadView } from '../../src/database/database.ts';

/** The same database as an object of functions, of which a test replaces those that it wants to watch: `{ ...forwarding(database), commit }`. */
export function forwarding(database: Database): Database {
  return {
    getDocument: (...args) => database.getDocument(...args),
    view: (...args) => database.view(...args),
    commit: (...args) => database.commit(...args),
    replay: (...args) => database.replay(...args),
    createTable: (...args) => database.createTable(...args),
    updateTable: (...args) => database.updateTable(...args),
    dropTable: (...args) => database.dropTable(...args),
    createIndex: (...args) => database.createIndex(...args),
    dropIndex: (...args) => database.dropIndex(...args),
    changes: (...args) => database.changes(...args),
    status: (...args) => database.status(...args),
    close: () => database.close(),
  };
}

/** The same for a view, whose properties stay what they are at that moment. */
export function forwardingView(view: ReadView): ReadView {
  return {
    sequence: view.sequence,
    explanations: view.explanations,
    getDocument: (...args) => view.getDocument(...args),
    documentVersion: (...args) => view.documentVersion(...args),
    documentHistory: (...args) => view.documentHistory(...args),
    oldestDocumentVersion: (...args) => view.oldestDocumentVersion(...args),
    findDocuments: (...args) => view.findDocuments(...args),
    scanDocuments: (...args) => view.scanDocuments(...args),
    countDocuments: (...args) => view.countDocuments(...args),
    aggregateDocuments: (...args) => view.aggregateDocuments(...args),
    table: (...args) => view.table(...args),
    tables: () => view.tables(),
    close: () => view.close(),
  };
}
