import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Database } from '../database/database.ts';
import type { Principal } from '../database/principal.ts';
import { hasEverywhere } from '../database/rights.ts';
import { formatTime } from '../document/timestamp.ts';
import { DatabaseError, ForbiddenError } from '../errors.ts';
import { endpointConfig } from './endpoint-config.ts';
import { expectInteger, expectObject, expectString, member } from './request-shape.ts';
import { RestRefusal } from './rest-status.ts';
import { selfDestructEndpoint } from './table-endpoints.ts';

export interface SelfDestructOptions {
  readonly database: Database;
  readonly principalOf: (request: FastifyRequest) => Principal;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly selfDestructAllowed: boolean;
}

const phrase = 'BDaray';

/** The predecessor's way to drop everything. Whoever reached that server could use it; here an operator must have allowed it. */
export function addSelfDestructRoute(server: FastifyInstance, options: SelfDestructOptions): void {
  const { database, principalOf, now, selfDestructAllowed } = options;
  server.delete('/system/self-destruct', { config: endpointConfig(selfDestructEndpoint) }, async (request) => {
    if (!selfDestructAllowed) {
      throw new DatabaseError(
        'FORBIDDEN',
        'Self-destruct is switched off. Whoever runs the server can start it with --self-destruct allowed',
      );
    }
    const principal = principalOf(request);
    // Before anything is dropped, so that not a part of it is.
    if (!hasEverywhere(principal.rights, 'admin')) {
      throw new ForbiddenError(`'${principal.name}' needs the role 'admin' on all tables for this`);
    }
    checkIntent(request.body, new Date(now()).getUTCFullYear());
    const view = await database.view(principal);
    const tables = await view.tables().finally(() => view.close());
    for (const { name, settings } of tables) {
      if (settings.readOnly) await database.updateTable(principal, name, { readOnly: false }, false);
      await database.dropTable(principal, name);
    }
    return {
      status: 'destroyed',
      message: `${tables.length} tables were dropped with all documents`,
      timestamp: formatTime(now()),
    };
  });
}

/** `{"verification_phrase", "safety_pin": next year, "confirm": true}` */
function checkIntent(body: unknown, year: number): void {
  const fields = expectObject(body, '');
  const given = expectString(member(fields, 'verification_phrase'), 'verification_phrase');
  const pin = expectInteger(member(fields, 'safety_pin'), 'safety_pin');
  if (given !== phrase) throw refusal('verification_phrase', 'Wrong verification phrase');
  if (pin !== year + 1) throw refusal('safety_pin', 'Wrong safety pin');
  if (member(fields, 'confirm') !== true) throw refusal('confirm', 'Not confirmed');
}

function refusal(path: string, message: string): RestRefusal {
  return new RestRefusal(400, 'INVALID_ARGUMENT', message, { path });
}
