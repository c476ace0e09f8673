import { isIP, isIPv6 } from 'node:net';

/**
 * A check of the `Host` header against DNS rebinding: a foreign site that points its own name at this server makes
 * browsers send that name. An IP address cannot be pointed anywhere, and a name without a dot, such as `localhost` or a
 * service's name in a network of containers, belongs to no public domain, so each of them is allowed; every other name
 * has to be configured. The port does not matter: whoever sent it is connected to ours.
 */
export function createHostCheck(allowedHosts: readonly string[]): (host: string | undefined) => boolean {
  const names = new Set(allowedHosts.map(withoutTrailingDot));
  const anything = names.has('*');
  const isAllowed = (host: string | undefined): boolean => {
    if (anything) return true;
    const name = hostName(host);
    if (name === undefined) return false;
    return names.has(name) || /^[a-z][\w-]*$/.test(name) || isIP(name) !== 0 || isBracketedIPv6(name);
  };
  // A server is reached under one name almost always, so the last one that was allowed is worth remembering.
  let allowedLast: string | undefined;
  return (host) => {
    if (host !== undefined && host === allowedLast) return true;
    if (!isAllowed(host)) return false;
    allowedLast = host;
    return true;
  };
}

/** Lower-case, without port and trailing dot; undefined when it is no host at all. */
function hostName(host: string | undefined): string | undefined {
  const [, name] = /^(\[[\da-f:.]+\]|[\w.-]+)(?::\d{1,5})?$/i.exec(host ?? '') ?? [];
  return name === undefined ? undefined : withoutTrailingDot(name.toLowerCase());
}

function withoutTrailingDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

function isBracketedIPv6(name: string): boolean {
  return name.startsWith('[') && isIPv6(name.slice(1, -1));
}
