import type { ChangeEvent, ChangeSet, DocumentChanged } from '../database/changes.ts';
import { stringifyJson } from '../document/json-serializer.ts';
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

/** The JSON of the same, in steps that are short however many changes the commit made. */
export function* restChangeSetText(changeSet: ChangeSet): Generator<void, string> {
  const empty = stringifyJson(toRestChange({ ...changeSet, changes: [] }));
  // The list is the last of its members.
  let text = empty.slice(0, -']}'.length);
  let comma = '';
  for (const change of changeSet.changes) {
    text += comma + stringifyJson(toRestDocumentChanged(change));
    comma = ',';
    yield;
  }
  return `${text}]}`;
}

export const restEventTypes = {
  changeSet: 'changes',
  progress: 'progress',
  resyncRequired: 'resync_required',
} as const satisfies Readonly<Record<ChangeEvent['kind'], string>>;

function toRestDocumentChanged({ kind, document, before }: DocumentChanged): object {
  return { kind, document: toRestDocument(document), before: before === null ? null : toRestDocument(before) };
}
