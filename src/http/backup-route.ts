import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { BackupProvider, OpenBackup } from '../database/backup.ts';
import { anonymous } from '../database/principal.ts';
import { DatabaseError } from '../errors.ts';
import { HttpRefusal } from './http-refusal.ts';

export const backupPath = '/system/backup';

/**
 * `GET /system/backup`: the whole database as an archive. Until there is authentication, it is given to programs of this machine only.
 * @param socketIdleMsMax how long a reader may take nothing before its connection is cut.
 */
export function addBackupRoute(server: FastifyInstance, provider: BackupProvider, socketIdleMsMax: number): void {
  // A HEAD would make all of it and throw it away.
  server.get(backupPath, { exposeHeadRoute: false }, async (request, reply) => {
    checkLocal(request);
    // Nothing is sent while the engine gets ready, which may take longer than a connection may be silent.
    const { socket } = request.raw;
    socket.setTimeout(0);
    const backup = await open(provider).finally(() => socket.setTimeout(socketIdleMsMax));
    if (socket.destroyed) {
      await backup.close();
      return reply;
    }
    const archive = Readable.from(backup.archive, { objectMode: false });
    archive.once('close', () => {
      backup.close().catch((error: unknown) => request.log.error({ err: error }, 'a backup could not be closed'));
    });
    archive.once('error', (error) => request.log.error({ err: error }, 'a backup broke off'));
    request.log.info({ sequence: backup.sequence }, 'a backup begins');
    return reply.type('application/x-tar').header('cache-control', 'no-store').send(archive);
  });
}

async function open(provider: BackupProvider): Promise<OpenBackup> {
  try {
    return await provider.openBackup(anonymous);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    if (error.code === 'OVERLOADED') {
      throw new HttpRefusal(503, error.code, error.message, error.evidence, { 'retry-after': '1' });
    }
    if (error.code === 'STORAGE_FULL') throw new HttpRefusal(507, error.code, error.message, error.evidence);
    throw error;
  }
}

/**
 * Whether the request was made on this machine, and by no page or proxy: a proxy beside the server would make everybody local, and
 * any page of the web can have its reader's browser ask.
 */
function checkLocal(request: FastifyRequest): void {
  const { headers } = request;
  const proxied = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'].find((name) => headers[name] !== undefined);
  const site = headers['sec-fetch-site'];
  const local = isLoopback(request.raw.socket.remoteAddress) && proxied === undefined && site === undefined;
  if (local) return;
  const message =
    'Backups are given to programs on the machine of the server only, since there is no authentication yet: ' +
    'run `yaradb backup` there';
  throw new HttpRefusal(403, 'FORBIDDEN', message);
}

/** RFC 1122 section 3.2.1.3: 127.0.0.0/8; RFC 4291 section 2.5.3: ::1; and the first in the form of the second, section 2.5.5.2. */
function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(?:(?:::ffff:)?127(?:\.\d{1,3}){3}|::1)$/i.test(address);
}
