import { isIPv6 } from 'node:net';

export interface FailureLimitOptions {
  /** Failures of one client in a row that are answered as such, and as many more a minute. */
  readonly failuresPerMinuteMax: number;
  /** Milliseconds; never goes back. */
  readonly now: () => number;
  /** Clients that are remembered: of more, whoever failed the longest ago is forgotten. */
  readonly clientsMax?: number;
}

interface Client {
  /** Failures that it has left, as of `at`. */
  left: number;
  at: number;
}

/** Counts who fails to show a valid token, by address. It is asked when somebody has failed, so that it keeps no valid token waiting. */
export class FailureLimit {
  readonly #options: FailureLimitOptions;
  readonly #clientsMax: number;
  /** Whoever failed last comes last. */
  readonly #clients = new Map<string, Client>();
  #total = 0;

  constructor(options: FailureLimitOptions) {
    this.#options = options;
    this.#clientsMax = options.clientsMax ?? 10_000;
  }

  /** Failures since the start. */
  get total(): number {
    return this.#total;
  }

  get clientCount(): number {
    return this.#clients.size;
  }

  /** Counts a failure. @returns the seconds until one will be answered again; 0: this one is. */
  fail(address: string): number {
    const { failuresPerMinuteMax: most, now } = this.#options;
    const at = now();
    const key = clientOf(address);
    const known = this.#clients.get(key);
    const left = known === undefined ? most : Math.min(most, known.left + ((at - known.at) * most) / 60_000);
    const answered = left >= 1;
    const client = { left: answered ? left - 1 : left, at };
    this.#total += 1;
    this.#clients.delete(key);
    this.#clients.set(key, client);
    if (this.#clients.size > this.#clientsMax) this.#forgetOldest();
    return answered ? 0 : Math.max(1, Math.ceil(((1 - left) * 60) / most));
  }

  #forgetOldest(): void {
    for (const key of this.#clients.keys()) {
      this.#clients.delete(key);
      return;
    }
  }
}

/** Whoever has one IPv6 address has the 2^64 of its network: they count as one. */
function clientOf(address: string): string {
  if (!isIPv6(address)) return address;
  const plain = address.replace(/%.*$/, '').toLowerCase();
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(plain) ?? [];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = plain.split('::', 2);
  const groups = head === '' ? [] : head.split(':');
  const behind = tail === undefined || tail === '' ? [] : tail.split(':');
  while (groups.length + behind.length < 8) groups.push('0');
  return [...groups, ...behind].slice(0, 4).join(':');
}
