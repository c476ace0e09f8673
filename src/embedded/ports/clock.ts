/** Time, as the engine sees it. A simulation passes its own, and then one seed decides everything. */
export interface Clock {
  /** Milliseconds since the Unix epoch. May jump either way: nothing may be ordered by it. */
  now(): number;
  /** Milliseconds since some moment; never goes back. For deadlines and durations. */
  monotonic(): number;
  /** Resolves in a later macrotask, so that whoever waits for the event loop gets a turn. */
  yield(): Promise<void>;
  /** Calls `run` once, so many milliseconds later, unless what this returns is called before. */
  schedule(milliseconds: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  yield: () => new Promise((resolve) => setImmediate(resolve)),
  schedule: (milliseconds, run) => {
    const timer = setTimeout(run, milliseconds);
    return () => clearTimeout(timer);
  },
};
