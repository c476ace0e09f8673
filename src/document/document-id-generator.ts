import { v7 } from 'uuid';

export interface DocumentIdPorts {
  /** Milliseconds since the Unix epoch. It may stand still or go back. */
  now(): number;
  /** That many bytes from a cryptographically secure source. */
  randomBytes(size: number): Uint8Array;
}

// A call to the source costs more than the bytes do, so they are drawn for many ids at once.
const poolBytes = 4096;
// Of an id's 128 bits (RFC 9562, 5.7) the version and variant take 6, the time 48, the counter 32 and chance the other 42.
const counterBytes = 4;
const chanceBytes = 6;
const counterMax = 2 ** 32 - 1;

/**
 * A source of document ids: UUIDs of version 7, lower case, each greater than the one before it as text, whatever the
 * clock does. Within one millisecond a counter grows that starts at a random number (RFC 9562, 6.2, method 1); while
 * the clock is behind the last id's time, that time goes on.
 */
export function createDocumentIdGenerator(ports: DocumentIdPorts): () => string {
  let pool = new Uint8Array(0);
  let poolOffset = 0;
  // `v7` reads the last six of these sixteen bytes when it is given a time and a counter.
  const random = new Uint8Array(16);

  function drawBytes(size: number): Uint8Array {
    if (poolOffset + size > pool.length) {
      pool = Uint8Array.from(ports.randomBytes(poolBytes));
      poolOffset = 0;
    }
    poolOffset += size;
    return pool.subarray(poolOffset - size, poolOffset);
  }

  function startCounter(): number {
    const [first = 0, ...rest] = drawBytes(counterBytes);
    // The highest bit stays free, so that 2^31 ids fit into a millisecond whatever the start.
    return rest.reduce((start, byte) => start * 256 + byte, first & 0x7f);
  }

  let time = 0;
  let counter = startCounter();

  return function createDocumentId(): string {
    const now = Math.floor(ports.now());
    if (now > time) {
      time = now;
      counter = startCounter();
    } else if (counter < counterMax) {
      counter++;
    } else {
      time++;
      counter = startCounter();
    }
    random.set(drawBytes(chanceBytes), 16 - chanceBytes);
    return v7({ random, msecs: time, seq: counter });
  };
}
