import type { FastifyInstance } from 'fastify';
import { parseNewToken, tokenList, tokenText } from '../access/token-json.ts';
import type { TokenRegistry } from '../access/token-registry.ts';
import { runForOperator } from './operator-route.ts';
import {
  createTokenEndpoint,
  listTokensEndpoint,
  pruneTokensEndpoint,
  revokeTokenEndpoint,
} from './token-endpoints.ts';

export const tokensPath = '/system/tokens';

const command = 'token';

interface TokenRoute {
  Params: { id: string };
}

/**
 * `POST /system/tokens` answers with a new token, which is told this once; `GET /system/tokens` lists what there is, `DELETE /system/tokens/{id}`
 * revokes one, `POST /system/tokens/prune` forgets those that open nothing any more.
 */
export function addTokenRoutes(server: FastifyInstance, tokens: TokenRegistry): void {
  server.post(tokensPath, { config: { description: createTokenEndpoint } }, async (request, reply) => {
    const { text, record } = await runForOperator(request, command, (operator) =>
      tokens.create(operator, parseNewToken(request.body)),
    );
    reply.header('cache-control', 'no-store');
    return { token: text, ...tokenText(record) };
  });
  server.get(tokensPath, { config: { description: listTokensEndpoint } }, (request) =>
    runForOperator(request, command, async (operator) => tokenList(tokens.list(operator))),
  );
  server.post(`${tokensPath}/prune`, { config: { description: pruneTokensEndpoint } }, (request) =>
    runForOperator(request, command, async (operator) => tokenList(await tokens.prune(operator))),
  );
  server.delete<TokenRoute>(`${tokensPath}/:id`, { config: { description: revokeTokenEndpoint } }, (request) =>
    runForOperator(request, command, async (operator) => tokenText(await tokens.revoke(operator, request.params.id))),
  );
}
