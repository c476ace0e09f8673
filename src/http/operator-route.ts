import type { FastifyRequest } from 'fastify';
import { HttpRefusal } from './http-refusal.ts';

/**
 * Does for a request what may take longer than a connection may be silent.
 * @param command what an operator runs to make this request.
 * @throws {HttpRefusal} when it was not made on this machine, and by no page or proxy: until there is authentication, nobody else may.
 */
export async function runForOperator<T>(
  request: FastifyRequest,
  { command, socketIdleMsMax }: { readonly command: string; readonly socketIdleMsMax: number },
  run: () => Promise<T>,
): Promise<T> {
  checkLocal(request, command);
  const { socket } = request.raw;
  socket.setTimeout(0);
  try {
    return await run();
  } finally {
    socket.setTimeout(socketIdleMsMax);
  }
}

/** A proxy beside the server would make everybody local, and any page of the web can have its reader's browser ask. */
function checkLocal({ headers, raw }: FastifyRequest, command: string): void {
  const proxied = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'].find((name) => headers[name] !== undefined);
  const site = headers['sec-fetch-site'];
  if (isLoopback(raw.socket.remoteAddress) && proxied === undefined && site === undefined) return;
  const message =
    'This is for programs on the machine of the server only, since there is no authentication yet: ' +
    `run \`yaradb ${command}\` there`;
  throw new HttpRefusal(403, 'FORBIDDEN', message);
}

/** RFC 1122 section 3.2.1.3: 127.0.0.0/8; RFC 4291 section 2.5.3: ::1; and the first in the form of the second, section 2.5.5.2. */
function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(?:(?:::ffff:)?127(?:\.\d{1,3}){3}|::1)$/i.test(address);
}
