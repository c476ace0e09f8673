/** Where progress is shown: standard error, when that is a terminal. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const intervalMs = 100;
const eraseLine = '\r\x1b[K';

/** One line on a terminal that says how far something is, written over again and again, and gone at the end. */
export class Progress {
  readonly #stream: ProgressStream;
  readonly #now: () => number;
  #shownAt = Number.NEGATIVE_INFINITY;
  #shown = false;

  constructor(stream: ProgressStream = process.stderr, now: () => number = () => performance.now()) {
    this.#stream = stream;
    this.#now = now;
  }

  /** Shows the text, if the last one has been there for a while. Does nothing without a terminal. */
  show(text: string): void {
    if (this.#stream.isTTY !== true) return;
    const now = this.#now();
    if (now - this.#shownAt < intervalMs) return;
    this.#shownAt = now;
    this.#shown = true;
    this.#stream.write(`${eraseLine}${text}`);
  }

  /** Makes room for something else on the terminal. */
  clear(): void {
    if (this.#shown) this.#stream.write(eraseLine);
    this.#shown = false;
  }
}
