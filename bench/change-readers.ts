import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const subscription = `subscription ($filter: DocumentFilter) {
  changes(filter: $filter) {
    ... on ChangeSet { sequence changes { kind document { id body version updatedAt } } }
    ... on Progress { sequence }
  }
}`;

/** Is in each event of a commit once, and in no other. */
const marker = Buffer.from(',"changes":[');
/** One of so many looks into what it is told, for how long it took. */
const sampledEach = 50;

/**
 * Subscribers over Server-Sent Events, each on a connection of its own. They count events and look into few: on a shared machine, what they take is
 * taken from the server.
 */
export class ChangeReaders {
  /** Commits that they were told of, all of them together. */
  events = 0;
  /** Milliseconds from when a write was sent to when a subscriber was told. */
  readonly latencies: number[] = [];
  readonly #sockets: Socket[];

  /** @param filterOf the filter of each. Resolves when all have subscribed. */
  static async open(url: string, count: number, filterOf: (number: number) => object | null): Promise<ChangeReaders> {
    const { hostname, port } = new URL(url);
    const sockets: Socket[] = [];
    for (let number = 0; number < count; number += 1) {
      const socket = connect({ host: hostname, port: Number(port) });
      sockets.push(socket);
      await once(socket, 'connect');
      const body = JSON.stringify({ query: subscription, variables: { filter: filterOf(number) } });
      socket.write(
        `POST /graphql HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\n` +
          `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
      let answer = '';
      while (!answer.includes('"sequence"')) answer += String((await once(socket, 'data'))[0]);
    }
    return new ChangeReaders(sockets);
  }

  private constructor(sockets: Socket[]) {
    this.#sockets = sockets;
    for (const [number, socket] of sockets.entries()) this.#count(socket, number % sampledEach === 0);
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #count(socket: Socket, isSampled: boolean): void {
    let rest = Buffer.alloc(0);
    socket.on('data', (bytes: Buffer) => {
      const text = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      for (let at = text.indexOf(marker); at !== -1; at = text.indexOf(marker, at + marker.length)) this.events += 1;
      // A marker may have begun at the end; a whole one is no part of what is left.
      rest = Buffer.from(text.subarray(Math.max(0, text.length - marker.length + 1)));
      if (!isSampled) return;
      const now = performance.timeOrigin + performance.now();
      for (const [, sentAt] of bytes.toString('latin1').matchAll(/"sentAt":([\d.]+)/g))
        this.latencies.push(now - Number(sentAt));
    });
  }
}
