import { lookup } from 'node:dns/promises';
import type { FastifyInstance } from 'fastify';

export interface ListeningAddress {
  readonly host: string;
  readonly port: number;
  readonly scheme: 'http' | 'https';
}

/**
 * Has the server listen: for `localhost` on every address that the machine has under that name, since clients choose among them.
 * @returns the port.
 * @throws the system's error, such as `EADDRINUSE`.
 */
export async function startListening(server: FastifyInstance, address: ListeningAddress): Promise<number> {
  const { host, port, scheme } = address;
  const [first = host, ...others] = host.toLowerCase() === 'localhost' ? await addressesOf(host) : [host];
  // The router would do the same for that name by itself, but without TLS, limits and a close in order.
  const textOf = (url: string) => `Server listening at ${url.replace(/^http:/, `${scheme}:`)}`;
  await server.listen({ host: first, port, listenTextResolver: textOf });
  const bound = server.server.address();
  if (bound === null || typeof bound === 'string') throw new TypeError('The server listens on no TCP port');
  for (const more of await server.moreAddresses.open(server.server, others, bound.port)) {
    server.log.info(textOf(`http://${more.includes(':') ? `[${more}]` : more}:${bound.port}`));
  }
  return bound.port;
}

async function addressesOf(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true });
  return [...new Set(found.map(({ address }) => address))];
}
