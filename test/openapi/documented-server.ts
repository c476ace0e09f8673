import { ProtectedServer } from '../access/protected-server.ts';

/** The whole server, with every route that there is, which asks for no tokens. */
export function startDocumentedServer(): Promise<ProtectedServer> {
  return ProtectedServer.start(['--auth', 'none']);
}
