import { describe, expect, test } from 'vitest';
import type { Operation } from '../../src/database/operation.ts';
import { ChangeBudget } from '../../src/document/change-budget.ts';
import type { Document } from '../../src/document/document.ts';
import { PatchBases } from '../../src/embedded/patch-bases.ts';
import { Staging } from '../../src/embedded/staging.ts';
import { State } from '../../src/embedded/state.ts';
import { makeDocument } from '../query/make-document.ts';

const patch: Operation = {
  kind: 'patch',
  id: makeDocument({}).id,
  version: 1,
  change: { merge: {} },
  rebase: true,
};
const first = makeDocument({ text: 'x'.repeat(100) });
const second: Document = { ...first, version: 2, sequence: 2, previousSequence: 1 };

/** Bases of one patch on a document at its second version, whose first is read from far away. */
function open(read: () => Promise<Document | null>, budget = new ChangeBudget()): PatchBases {
  const state = new State();
  const commit = { committedAt: 0, principal: '', idempotencyKey: null, requestDigest: null };
  state.apply({ ...commit, sequence: 1, records: [{ kind: 'putDocument', document: first }] });
  state.apply({ ...commit, sequence: 2, records: [{ kind: 'putDocument', document: second }] });
  const staging = new Staging(state);
  return new PatchBases({ operations: [patch], staging, look: (run) => run(), readVersion: read, budget });
}

describe('the base of a patch that is rebased', () => {
  test('is read before the commit is decided', async () => {
    const bases = open(async () => first);
    expect(bases.get(second, 1)).toBeUndefined();
    await bases.read();
    expect(bases.get(second, 1)).toBe(first);
    expect(bases.read()).toBeUndefined();
  });

  test('is not that of a document which was erased meanwhile, when another has its id', async () => {
    const bases = open(async () => first);
    await bases.read();
    expect(bases.get({ ...second, createdSequence: 5 }, 1)).toBeUndefined();
  });

  test('is unknown, and not looked for again, when it is not kept', async () => {
    const bases = open(async () => null);
    await bases.read();
    expect(bases.get(second, 1)).toBeUndefined();
    expect(bases.read()).toBeUndefined();
  });

  test('counts as work', async () => {
    await expect(open(async () => first, new ChangeBudget(50)).read()).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
  });
});
