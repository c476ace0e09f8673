import type { DocumentChange } from '../document/document-change.ts';
import { InvalidArgumentError } from '../errors.ts';
import type { PatchOperation } from './operation.ts';

export interface PatchArguments {
  readonly id: string;
  readonly version: number | undefined;
  readonly change: DocumentChange;
  readonly rebase: boolean;
}

/**
 * A patch as clients may ask for it: with a version, unless it only increments, and rebased only when it is a merge patch, of which alone one can tell
 * where it writes.
 * @param argument What the client calls what these are the arguments of; empty when it has no name.
 * @throws {InvalidArgumentError}
 */
export function patchOperation({ id, version, change, rebase }: PatchArguments, argument: string): PatchOperation {
  if (version === undefined && !('increment' in change)) {
    throw new InvalidArgumentError('A patch needs the version that it is made for; an increment alone can do without', {
      path: place(argument, 'version'),
      expected: 'the version of the document that the patch is made for',
    });
  }
  if (rebase && !('merge' in change)) {
    throw new InvalidArgumentError('Only a merge patch can be rebased', {
      path: place(argument, 'rebase'),
      expected: 'rebase with merge; an increment needs none when the version is left out',
    });
  }
  return { kind: 'patch', id, version, change, rebase };
}

function place(argument: string, name: string): string {
  return argument === '' ? name : `${argument}.${name}`;
}
