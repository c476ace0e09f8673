import type { Buffer } from 'node:buffer';
import { basename } from 'node:path';
import { initialLink } from '../log/link.ts';
import { segmentFileName } from '../log/log-files.ts';
import { encodeSegmentHeader, type SegmentHeader, segmentHeaderBytes } from '../log/segment-header.ts';
import type { LogPart } from './log-scan.ts';

/** A segment as far as a run goes through it. */
export interface RunSegment {
  readonly path: string;
  readonly header: SegmentHeader;
  readonly bytes: number;
  /** Behind the last frame of the run in it. */
  end: number;
  /** The last commit of the run in it; the one before its first when there is none. */
  lastSequence: number;
  sealed: boolean;
  /** Of the last frame: when it is sealed, its seal. */
  link: Buffer;
}

/** Segments that follow each other without a gap, from the beginning of the first to the first place that is not as it was written. */
export interface Run {
  readonly segments: RunSegment[];
}

/** Gathers the runs of a log from its parts: what a log could be cut down to. */
export class LogRuns {
  readonly runs: Run[] = [];
  /** Null behind damage, until the next segment begins. */
  #open: Run | null = null;
  /** The newest commit that was read anywhere, behind damage too. */
  lastSequence = 0;

  add(part: LogPart): void {
    switch (part.kind) {
      case 'segment':
        this.#begin(part.path, part.header, part.bytes);
        break;
      case 'frame': {
        const { nextSequence, link } = part.position;
        this.lastSequence = Math.max(this.lastSequence, nextSequence - 1);
        const segment = this.#open?.segments.at(-1);
        if (segment === undefined) break;
        segment.end = part.end;
        segment.lastSequence = nextSequence - 1;
        segment.sealed = part.commits.length === 0;
        segment.link = link;
        break;
      }
      case 'problem':
        // That a segment does not follow the one before it was seen when it began: a new run begins with it.
        if (part.problem.file !== this.#open?.segments.at(-1)?.path || part.problem.offset > 0) this.#open = null;
        break;
      case 'tail':
        break;
    }
  }

  #begin(path: string, header: SegmentHeader, bytes: number): void {
    const segment: RunSegment = {
      path,
      header,
      bytes,
      end: segmentHeaderBytes,
      lastSequence: header.firstSequence - 1,
      sealed: false,
      link: initialLink(encodeSegmentHeader(header)),
    };
    const before = this.#open?.segments.at(-1);
    const follows =
      before?.sealed === true &&
      before.lastSequence + 1 === header.firstSequence &&
      before.header.databaseId === header.databaseId &&
      before.link.equals(header.previousSeal);
    if (segmentFileName(header.firstSequence) !== basename(path)) {
      this.#open = null;
    } else if (follows) {
      this.#open?.segments.push(segment);
    } else {
      this.#open = { segments: [segment] };
      this.runs.push(this.#open);
    }
  }
}
