import type { SharedTurns } from '../database/shared-turns.ts';
import { jsonTextPieces } from '../document/json-text-pieces.ts';
import { bytesOf } from '../streaming/text-bytes.ts';

/** The exact JSON of a large value, made piece by piece as fast as a client reads it, in turns that others have theirs between. */
export class LongText {
  readonly #value: unknown;
  readonly #turns: SharedTurns;

  constructor(value: unknown, turns: SharedTurns) {
    this.#value = value;
    this.#turns = turns;
  }

  /** UTF-8. */
  async *pieces(): AsyncGenerator<Buffer, void> {
    for await (const piece of this.#texts()) yield bytesOf(piece);
  }

  /** For who needs it in one piece. */
  async whole(): Promise<string> {
    let text = '';
    for await (const piece of this.#texts()) text += piece;
    return text;
  }

  async *#texts(): AsyncGenerator<string, void> {
    const pieces = jsonTextPieces(this.#value);
    for (;;) {
      const turn = this.#turns.next();
      if (turn !== undefined) await turn;
      const { done, value: piece } = pieces.next();
      if (done === true) return;
      if (piece !== '') yield piece;
    }
  }
}
