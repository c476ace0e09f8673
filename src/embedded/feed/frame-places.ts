import { type FramePlace, firstFrame } from '../history/frame-scan.ts';

/** Of so many places the one that is not needed longest leaves. */
const placesMax = 1024;

/** Where in the segments frames were found, so that who goes on reading does not begin with the segment. */
export class FramePlaces {
  readonly #bySegment = new Map<number, FramePlace[]>();
  #count = 0;

  /** The last known place in the segment from which this commit can be reached. */
  before(segment: number, sequence: number): FramePlace {
    const known = this.#bySegment.get(segment)?.findLast((place) => place.sequence <= sequence);
    return known ?? firstFrame(segment);
  }

  /** @param place of a frame in the segment. */
  add(segment: number, place: FramePlace): void {
    const places = this.#bySegment.get(segment) ?? [];
    const behind = places.findLastIndex(({ sequence }) => sequence <= place.sequence);
    if (places[behind]?.sequence === place.sequence) return;
    if (this.#count >= placesMax) this.#clear();
    this.#bySegment.set(segment, places.toSpliced(behind + 1, 0, place));
    this.#count += 1;
  }

  /** The file is another one now: an erasure on disk has written it anew. */
  forget(segment: number): void {
    this.#count -= this.#bySegment.get(segment)?.length ?? 0;
    this.#bySegment.delete(segment);
  }

  #clear(): void {
    this.#bySegment.clear();
    this.#count = 0;
  }
}
