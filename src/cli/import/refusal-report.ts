import { Buffer } from 'node:buffer';
import { closeSync, openSync, writeSync } from 'node:fs';
import type { Progress } from '../progress.ts';
import type { Refusal } from './refusal.ts';

/** How many are told with their reasons: a file in which everything is wrong must not fill the terminal. */
const toldMax = 100;

/** Tells of items that were refused, and writes them to a file as they stood, so that they can be mended there and imported again. */
export class RefusalReport {
  readonly #name: string;
  readonly #progress: Progress;
  readonly #path: string | null;
  #file: number | null = null;
  readonly #told: Refusal[] = [];
  #headerText: Buffer | null = null;
  #count = 0;

  /**
   * @param name of the input.
   * @param path of the file; null for none.
   */
  constructor(name: string, path: string | null, progress: Progress) {
    this.#name = name;
    this.#path = path;
    this.#progress = progress;
  }

  /** Makes the file anew, once it is sure that there will be an import. @throws the system's own error when it cannot be made. */
  begin(): void {
    if (this.#path !== null) this.#file = openSync(this.#path, 'w');
  }

  /** The first of them. */
  get told(): readonly Refusal[] {
    return this.#told;
  }

  get count(): number {
    return this.#count;
  }

  /** What the file has to begin with; null for nothing. */
  setHeader(text: Buffer | null): void {
    this.#headerText = text;
  }

  add(refusal: Refusal): void {
    this.#count += 1;
    if (this.#told.length < toldMax) {
      this.#told.push(refusal);
      this.#progress.clear();
      process.stderr.write(`${this.#name}:${refusal.line}: ${refusal.reason}\n`);
    }
    if (this.#file === null) return;
    const isFirst = this.#count === 1;
    if (this.#headerText === null) writeSync(this.#file, Buffer.concat([onOneLine(refusal.text), lineEnd]));
    else writeSync(this.#file, Buffer.concat([...(isFirst ? [this.#headerText, lineEnd] : []), refusal.text, lineEnd]));
  }

  close(): void {
    const hidden = this.#count - this.#told.length;
    if (hidden > 0) process.stderr.write(`${this.#name}: and ${hidden} more refused\n`);
    if (this.#file !== null) closeSync(this.#file);
  }
}

const lineEnd = Buffer.from('\n');
const space = 0x20;

/** JSON has line ends between its tokens only, where a space means the same. */
function onOneLine(text: Buffer): Buffer {
  return Buffer.from(text.map((byte) => (byte === 0x0a || byte === 0x0d ? space : byte)));
}
