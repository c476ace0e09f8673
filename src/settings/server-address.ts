import type { TlsConfig } from './tls-settings.ts';

/** Whether only this machine reaches what listens on the address: RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3, RFC 6761 section 6.3. */
export function isLoopback(host: string): boolean {
  return /^(?:127(?:\.\d{1,3}){3}|::1|localhost)$/i.test(host);
}

/** A URL that works on this machine: an address that stands for all of them is replaced by the machine's own. */
export function serverUrl(
  { host, tls }: { readonly host: string; readonly tls: TlsConfig | null },
  port: number,
): string {
  const scheme = tls === null ? 'http' : 'https';
  if (host === '0.0.0.0') return `${scheme}://127.0.0.1:${port}`;
  if (host === '::') return `${scheme}://[::1]:${port}`;
  return host.includes(':') ? `${scheme}://[${host}]:${port}` : `${scheme}://${host}:${port}`;
}
