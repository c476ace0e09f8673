import type { Path } from '../document/path.ts';

export type Direction = 'ASC' | 'DESC';

/** One level of a sort. Types order as in MongoDB; through a list its least element counts ascending, its greatest descending. */
export interface Order {
  readonly path: Path;
  readonly direction: Direction;
}
