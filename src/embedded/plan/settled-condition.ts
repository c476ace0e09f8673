import { type Condition, conjunction, type PathConstraint } from './filter-condition.ts';

/**
 * The condition without the alternatives that no document can meet: where one is left, it must be met. Null when none is left, or a
 * constraint cannot be met.
 */
export function settle(condition: Condition, isImpossible: (constraint: PathConstraint) => boolean): Condition | null {
  const { constraints, alternatives, exact } = condition;
  if (constraints.some(isImpossible)) return null;
  if (alternatives.length === 0) return condition;
  const settled: Condition[] = [];
  for (const some of alternatives) {
    const left: Condition[] = [];
    for (const alternative of some) {
      const possible = settle(alternative, isImpossible);
      if (possible !== null) left.push(possible);
    }
    const [only] = left;
    if (only === undefined) return null;
    settled.push(left.length === 1 ? only : { constraints: [], alternatives: [left], exact: true });
  }
  return conjunction([{ constraints, alternatives: [], exact }, ...settled]);
}

/** The one key of the body that a document must have to meet the constraint; undefined when it may do without. */
export function requiredKey({ path, present }: PathConstraint): string | undefined {
  return present && path.kind === 'body' && path.keys.length === 1 ? path.keys[0] : undefined;
}
