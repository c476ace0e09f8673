import type { Principal } from '../database/principal.ts';
import { hasOnTable } from '../database/rights.ts';
import type { DatabaseStatus } from '../database/status.ts';
import type { Table } from '../database/table.ts';

/**
 * The status as somebody may know it who may not read everything: of documents and indexes it tells those that may be read, of files nothing.
 * @param tables those that may be read.
 */
export function statusFor(
  { rights }: Principal,
  status: DatabaseStatus,
  tables: readonly Pick<Table, 'documentCount' | 'archivedCount'>[],
): DatabaseStatus {
  return {
    ...status,
    documents: tables.reduce((sum, { documentCount, archivedCount }) => sum + documentCount + archivedCount, 0),
    indexBuilds: status.indexBuilds.filter(({ table }) => hasOnTable(rights, 'read', table)),
    snapshot: null,
    recovery: { ...status.recovery, snapshot: null, damagedSnapshots: [] },
  };
}
