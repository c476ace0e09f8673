import type { FastifyRequest } from 'fastify';
import { isAnonymous, type Principal } from '../database/principal.ts';
import { principalOf } from './authentication.ts';
import { HttpRefusal } from './http-refusal.ts';

/**
 * Does for a request what only an operator may.
 * @param command what an operator runs to make this request.
 * @param run is told who asks, whose rights what it calls has to look at.
 * @throws {HttpRefusal} when there is no authentication and it was not made on this machine, or by a page or a proxy.
 */
export async function runForOperator<T>(
  request: FastifyRequest,
  command: string,
  run: (operator: Principal) => Promise<T>,
): Promise<T> {
  const operator = principalOf(request);
  if (isAnonymous(operator)) checkLocal(request, command);
  return run(operator);
}

/** A proxy beside the server would make everybody local, and any page of the web can have its reader's browser ask. */
function checkLocal({ headers, raw }: FastifyRequest, command: string): void {
  const proxied = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'].find((name) => headers[name] !== undefined);
  const site = headers['sec-fetch-site'];
  if (isLoopback(raw.socket.remoteAddress) && proxied === undefined && site === undefined) return;
  const message =
    'Without authentication this is for programs on the machine of the server only: ' +
    `run \`yaradb ${command}\` there, or have the server ask for tokens`;
  throw new HttpRefusal(403, 'FORBIDDEN', message);
}

/** RFC 1122 section 3.2.1.3: 127.0.0.0/8; RFC 4291 section 2.5.3: ::1; and the first in the form of the second, section 2.5.5.2. */
function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(?:(?:::ffff:)?127(?:\.\d{1,3}){3}|::1)$/i.test(address);
}
