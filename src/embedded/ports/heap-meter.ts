import { constants, PerformanceObserver } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';

/** How much of the heap is in use. A simulation passes its own. */
export interface HeapMeter {
  /** Bytes in use now, garbage included. */
  usedBytes(): number;
  /** Calls the listener after each full collection, when what is in use is what is needed, until what this returns is called. */
  onCollection(listener: (usedBytes: number) => void): () => void;
}

/** V8's heap. Entries of the observer detail the kind of a collection as a number. */
export const systemHeapMeter: HeapMeter = {
  usedBytes: () => getHeapStatistics().used_heap_size,

  onCollection(listener) {
    const observer = new PerformanceObserver((list) => {
      if (list.getEntries().some(isFullCollection)) listener(getHeapStatistics().used_heap_size);
    });
    observer.observe({ entryTypes: ['gc'] });
    return () => observer.disconnect();
  },
};

function isFullCollection(entry: object): boolean {
  const detail = 'detail' in entry ? entry.detail : undefined;
  if (typeof detail !== 'object' || detail === null || !('kind' in detail)) return false;
  return detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
}
