/**
 * Keeps those who need files to stay as they are apart from those who remove and replace them. Any number may hold a pin at once; a change waits
 * until there is none, and a pin until no change is under way. Changes wait for each other, and so does an addition, which a pin does not keep off:
 * a directory is synced by one at a time, since a sync that fails makes the system take for written what others have just named there.
 */
export class FileGate {
  #pins = 0;
  #changing: Promise<void> | null = null;
  #unpinned: (() => void)[] = [];

  /** Resolves when no file is being removed or replaced; none is until the function that it resolves to was called. */
  async pin(): Promise<() => void> {
    while (this.#changing !== null) await this.#changing;
    this.#pins += 1;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#pins -= 1;
      if (this.#pins > 0) return;
      const waiting = this.#unpinned;
      this.#unpinned = [];
      for (const resolve of waiting) resolve();
    };
  }

  /** Runs `change` when there is no pin and no other change. @throws the signal's reason when it is aborted while this waits. */
  async change<T>(change: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    while (this.#pins > 0 || this.#changing !== null) {
      signal?.throwIfAborted();
      await (this.#changing ?? this.#untilUnpinned(signal));
    }
    return this.#run(change);
  }

  /** Runs what gives a new file its name, when there is no change, pinned or not. */
  async add<T>(add: () => Promise<T>): Promise<T> {
    while (this.#changing !== null) await this.#changing;
    return this.#run(add);
  }

  async #run<T>(change: () => Promise<T>): Promise<T> {
    const running = change();
    this.#changing = running.then(
      () => undefined,
      () => undefined,
    );
    try {
      return await running;
    } finally {
      this.#changing = null;
    }
  }

  #untilUnpinned(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        signal?.removeEventListener('abort', done);
        resolve();
      };
      this.#unpinned.push(done);
      signal?.addEventListener('abort', done);
    });
  }
}
