// `crowd.ts URL IDLE SLOW`: holds so many connections to a server that have asked once and wait, and so many whose headers never end. It prints
// the URL when all of them are there, and opens those again that the server closes, until it is ended.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const [url = '', idle = '0', slow = '0'] = process.argv.slice(2);
const { hostname, port } = new URL(url);
const openingAtOnce = 200;
const slowBytesEachMs = 1_000;

async function open(greet: (socket: Socket) => Promise<void>): Promise<void> {
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  await greet(socket);
  socket.once('close', () => void open(greet).catch(() => undefined));
}

async function askOnce(socket: Socket): Promise<void> {
  socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await once(socket, 'data');
  socket.resume();
}

async function askSlowly(socket: Socket): Promise<void> {
  socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
  socket.resume();
  const timer = setInterval(() => socket.write('x'), slowBytesEachMs);
  socket.once('close', () => clearInterval(timer));
}

async function openAll(count: number, greet: (socket: Socket) => Promise<void>): Promise<void> {
  for (let opened = 0; opened < count; opened += openingAtOnce) {
    const length = Math.min(openingAtOnce, count - opened);
    await Promise.all(Array.from({ length }, () => open(greet)));
  }
}

await openAll(Number(idle), askOnce);
await openAll(Number(slow), askSlowly);
process.stdout.write(`${url}\n`);
