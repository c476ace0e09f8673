import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { BackupProvider } from '../database/backup.ts';
import { DatabaseError } from '../errors.ts';
import { runForOperator } from './operator-route.ts';
import { backupEndpoint } from './service-endpoints.ts';

export const backupPath = '/system/backup';

/** `GET /system/backup`: the whole database as an archive. */
export function addBackupRoute(server: FastifyInstance, provider: BackupProvider): void {
  // A HEAD would make all of it and throw it away.
  const route = { exposeHeadRoute: false, config: { description: backupEndpoint } };
  server.get(backupPath, route, async (request, reply) => {
    const backup = await runForOperator(request, 'backup', (operator) => provider.openBackup(operator));
    if (request.raw.socket.destroyed) {
      await backup.close();
      return reply;
    }
    const archive = Readable.from(backup.archive, { objectMode: false });
    archive.once('close', () => {
      backup.close().catch((error: unknown) => request.log.error({ err: error }, 'a backup could not be closed'));
    });
    archive.once('error', (error) => {
      // A client that went away, a server that stops: nothing is wrong with either.
      if (isExpected(error))
        request.log.warn({ sequence: backup.sequence, reason: error.message }, 'a backup broke off');
      else request.log.error({ err: error }, 'a backup broke off');
    });
    request.log.info({ sequence: backup.sequence }, 'a backup begins');
    return reply.type('application/x-tar').header('cache-control', 'no-store').send(archive);
  });
}

function isExpected(error: Error): boolean {
  return error instanceof DatabaseError || ('code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE');
}
