// Loaded into a server before its own code (`node --import`): watches how long the event loop is held up, and whether a prototype changes, and
// writes both to the file FUZZ_REPORT when the process ends.
//
// Time is that of the processor, as this thread has used it: on a machine that others use, too, the clock tells how long they took. What the
// garbage collector takes is told, but not counted: which request it comes at is chance, and how long it takes depends on the processor's caches.
import { subscribe } from 'node:diagnostics_channel';
import { writeFileSync } from 'node:fs';
import { PerformanceObserver, performance } from 'node:perf_hooks';

const tickMs = 5;
/** What is loaded and compiled for the first requests is not what the later ones take. */
const warmUpRequests = Number(process.env.FUZZ_WARM_UP ?? 3_000);
const longMs = 10;
const watched = [
  Object,
  Array,
  Function,
  String,
  Number,
  Boolean,
  BigInt,
  Symbol,
  Map,
  Set,
  Promise,
  Error,
  RegExp,
  Date,
  Uint8Array,
  Buffer,
];

const before = watched.map(shapeOf);
const turns = [];
const collections = [];
const recent = [];
let requests = 0;
let last = { at: performance.now(), used: usedMs() };

subscribe('http.server.request.start', ({ request }) => {
  requests += 1;
  recent.push(request.headers['x-request-id'] ?? request.url);
  if (recent.length > 32) recent.shift();
});

new PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries()) {
    if (duration > tickMs) collections.push({ at: startTime, duration });
  }
}).observe({ entryTypes: ['gc'] });

// Between two ticks the processor is used for as long as the clock says at most, so what is over that is one turn that came to no end.
setInterval(() => {
  const now = { at: performance.now(), used: usedMs() };
  const milliseconds = now.used - last.used - tickMs;
  if (requests >= warmUpRequests && milliseconds > longMs) {
    turns.push({ from: last.at, to: now.at, milliseconds, requests: [...recent] });
  }
  last = now;
}, tickMs).unref();

process.on('exit', () => {
  const longTurns = turns.map(({ from, to, milliseconds, requests: around }) => {
    const within = collections.filter(({ at }) => at >= from && at <= to);
    const collecting = within.reduce((sum, { duration }) => sum + duration, 0);
    return { milliseconds: milliseconds - collecting, collecting, requests: around };
  });
  const changedPrototypes = watched.filter((type, index) => shapeOf(type) !== before[index]).map(({ name }) => name);
  if (process.env.FUZZ_REPORT !== undefined) {
    writeFileSync(process.env.FUZZ_REPORT, JSON.stringify({ requests, longTurns, changedPrototypes }));
  }
});

function usedMs() {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function shapeOf({ prototype }) {
  return Reflect.ownKeys(prototype).map(String).join(' ');
}
