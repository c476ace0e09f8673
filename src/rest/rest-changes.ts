import type { ChangeEvent, DocumentChanged } from '../database/changes.ts';
import { formatTime } from '../document/timestamp.ts';
import { toRestDocument } from './rest-document.ts';

/** An event as REST clients know it, keys in the documented order. */
export function toRestChange(event: ChangeEvent): object {
  switch (event.kind) {
    case 'changeSet': {
      const { sequence, epoch, committedAt, changes } = event;
      return {
        type: restEventTypes.changeSet,
        sequence,
        epoch,
        committed_at: formatTime(committedAt),
        changes: changes.map(toRestDocumentChanged),
      };
    }
    case 'progress':
      return { type: restEventTypes.progress, sequence: event.sequence, epoch: event.epoch };
    case 'resyncRequired': {
      const { epoch, oldest, newest } = event;
      return { type: restEventTypes.resyncRequired, epoch, oldest, newest };
    }
  }
}

export const restEventTypes = {
  changeSet: 'changes',
  progress: 'progress',
  resyncRequired: 'resync_required',
} as const satisfies Readonly<Record<ChangeEvent['kind'], string>>;

function toRestDocumentChanged({ kind, document, before }: DocumentChanged): object {
  return { kind, document: toRestDocument(document), before: before === null ? null : toRestDocument(before) };
}
