import type { SeededRandom } from '../fault/seeded-random.ts';
import { anyJson, objectOf, randomText, repeated } from './json-grammar.ts';
import { randomTable } from './names.ts';
import type { RequestDraft } from './request-draft.ts';

const json = { 'content-type': 'application/json' };

/** A request to what is for operators, which nobody who is fuzzed may ask. */
export function tokenRequest(random: SeededRandom): RequestDraft {
  const id = encodeURIComponent(random.chance(0.5) ? '000000000000' : randomText(random));
  return random.pick<RequestDraft>([
    { method: 'GET', path: '/system/tokens', headers: {} },
    { method: 'POST', path: '/system/tokens', headers: json, body: newToken(random) },
    { method: 'POST', path: '/system/tokens/prune', headers: {} },
    { method: 'DELETE', path: `/system/tokens/${id}`, headers: {} },
    { method: 'POST', path: '/system/snapshot', headers: {} },
    { method: 'POST', path: '/system/compact', headers: {} },
    { method: 'GET', path: '/system/backup', headers: {} },
    { method: 'GET', path: '/metrics', headers: {} },
  ]);
}

function newToken(random: SeededRandom): string {
  const role = () =>
    JSON.stringify(
      `${random.pick(['read', 'write', 'admin', 'root', ''])}${random.chance(0.5) ? `:${randomTable(random)}` : ''}`,
    );
  return objectOf(random, {
    name: JSON.stringify(randomText(random)),
    roles: random.chance(0.9) ? `[${repeated(random, 3, role).join(',')}]` : anyJson(random),
    expires_at: random.pick(['null', '"2099-01-01T00:00:00Z"', '"now"', '0', '"1970-01-01T00:00:00Z"']),
  });
}
