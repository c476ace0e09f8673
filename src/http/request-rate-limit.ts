interface Bucket {
  /** Requests that may come at once. */
  tokens: number;
  filledAt: number;
}

/** So many clients are remembered. Who asks least often goes first: its bucket is full, or as good as. */
const clientsMax = 10_000;

/**
 * A token bucket for each client: `perSecond` requests a second, and as many at once. What is not remembered counts as full, so that a client
 * with more addresses than are remembered could get around it, and no client can fill the memory.
 */
export class RequestRateLimit {
  readonly #perSecond: number;
  readonly #monotonic: () => number;
  /** The one that asked last comes last. */
  readonly #buckets = new Map<string, Bucket>();

  /** @param monotonic milliseconds. */
  constructor(perSecond: number, monotonic: () => number) {
    this.#perSecond = perSecond;
    this.#monotonic = monotonic;
  }

  /** Takes note of a request. @returns 0 when it may be answered, else after how many whole seconds another one may. */
  take(client: string): number {
    const now = this.#monotonic();
    const bucket = this.#buckets.get(client) ?? { tokens: this.#perSecond, filledAt: now };
    const gained = ((now - bucket.filledAt) / 1_000) * this.#perSecond;
    bucket.tokens = Math.min(this.#perSecond, bucket.tokens + gained);
    bucket.filledAt = now;
    this.#buckets.delete(client);
    this.#buckets.set(client, bucket);
    this.#forget();
    if (bucket.tokens < 1) return Math.ceil((1 - bucket.tokens) / this.#perSecond);
    bucket.tokens -= 1;
    return 0;
  }

  #forget(): void {
    if (this.#buckets.size <= clientsMax) return;
    for (const [client] of this.#buckets) {
      this.#buckets.delete(client);
      return;
    }
  }
}

/**
 * What stands for a client: its address, of IPv6 the first 64 bits, since one subscriber has all of them behind that (RFC 6177).
 */
export function clientOf(address: string | undefined): string {
  if (address === undefined || !address.includes(':')) return address ?? '';
  // An IPv4 address in the form of IPv6 (RFC 4291 section 2.5.5.2) is one client.
  if (address.includes('.')) return address.slice(address.lastIndexOf(':') + 1);
  const [head = '', tail] = address.split('%', 1).join('').split('::', 2);
  const groups = head === '' ? [] : head.split(':');
  const tailGroups = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - groups.length - tailGroups.length;
  return [...groups, ...Array.from({ length: zeros }, () => '0'), ...tailGroups].slice(0, 4).join(':');
}
