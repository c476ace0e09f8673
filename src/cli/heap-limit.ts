import { totalmem } from 'node:os';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import type { Config } from '../config.ts';
import { heapBytesFor, memoryBytesFor } from '../embedded/memory-limit.ts';
import { compileCacheDirectory } from './compile-cache.ts';

const bytesPerMebibyte = 1024 * 1024;
const heapFlag = /^--max[-_](old[-_]space[-_]size|heap[-_]size)/;

/** Bytes of memory that there are for this process: the machine's, or the container's where that has less. */
export function machineBytes(): number {
  const constrained = process.constrainedMemory();
  // 0, or more than there is, when nothing constrains it.
  return constrained > 0 ? Math.min(totalmem(), constrained) : totalmem();
}

/** What the setting comes to, before the heap has its say. */
export function wantedMemoryBytesMax({ memoryBytesMax }: Pick<Config, 'memoryBytesMax'>): number {
  return memoryBytesMax ?? Math.floor(machineBytes() / 2);
}

/** What V8 counts into its limit for objects that are young: three times 32 MiB, unless Node was told otherwise. */
const youngBytes = 96 * bytesPerMebibyte;

/** What the documents may take in the heap that this process has: less than what is wanted when Node was given too small a heap. */
export function fittingMemoryBytesMax(wanted: number): number {
  return Math.min(wanted, memoryBytesFor(getHeapStatistics().heap_size_limit - youngBytes));
}

/**
 * Gives the process the heap that the setting needs. V8 takes the size of its heap at its start alone (a flag that is set later
 * changes nothing), so the process replaces itself by the same program with the flag: same process id, same streams, about
 * 25 ms, before anything is loaded or opened. It returns when the heap is large enough, when Node was given a size by whoever
 * runs it, or where a process cannot replace itself (Windows): then the limit has to fit the heap.
 *
 * The heap is never less than three quarters of the machine's memory, so that a database that has outgrown its limit, or a limit
 * that was lowered, still opens.
 */
export function ensureHeap(config: Pick<Config, 'memoryBytesMax'>): void {
  collectForLoading();
  const { execArgv, argv, execPath, env } = process;
  const given = [...execArgv, ...(env.NODE_OPTIONS ?? '').split(/\s+/)].some((option) => heapFlag.test(option));
  if (given || process.execve === undefined) return;
  const needed = Math.max(heapBytesFor(wantedMemoryBytesMax(config)), machineBytes() * 0.75);
  if (needed <= getHeapStatistics().heap_size_limit - youngBytes) return;
  const flag = `--max-old-space-size=${Math.ceil(needed / bytesPerMebibyte)}`;
  // By the environment the cache is there from the first file on.
  process.execve(execPath, [execPath, flag, ...execArgv, ...argv.slice(1)], {
    NODE_COMPILE_CACHE: compileCacheDirectory,
    ...env,
  });
}

/**
 * How V8 collects once the documents are loaded: it begins a full collection when the heap has doubled, but no later than half the way to its limit. It
 * would when a tenth has come to a heap that grows slowly, taking marking for cheap; but while it marks, each 64 KiB that requests allocate make the main
 * thread mark for 5 ms: for a second per gigabyte of heap they are answered at a hundredth of the rate.
 */
export function collectForServing(): void {
  setFlagsFromString('--heap-growing-percent=100');
}

/**
 * How V8 collects until then: when the heap has grown to four times its size, which is the most that V8 chooses by itself, and for no other reason.
 *
 * What buffers take counts into the limit: by itself V8 begins a full collection whenever 64 MiB of them were made since the last one, however large the
 * heap is. And there is none just to give memory back: V8 does that up to twice after one that the limit has called for, under load as well.
 */
function collectForLoading(): void {
  setFlagsFromString('--heap-growing-percent=300');
  setFlagsFromString('--external-memory-accounted-in-global-limit');
  setFlagsFromString('--memory-reducer-gc-count=0');
}
