import { type DocumentNode, type FieldNode, type FragmentDefinitionNode, Kind, type SelectionSetNode } from 'graphql';
import { LimitExceededError } from '../errors.ts';

/** What it takes to compare two fields that have parts of their own, in comparisons of two that have none. */
const wholeWeight = 10;

/**
 * Refuses a document whose fields would take long to compare. GraphQL has fields of one name side by side mean the same (section 5.3.2), and the validation
 * compares each with each: 2,400 of them are three million pairs. What is counted is pairs, wherever fragments and selections of one name are merged
 * into each other, as the validation merges them.
 * @param fieldCount those that are validated, at least.
 * @param comparisonsMax pairs of plain fields; one of fields with arguments or selections counts as ten.
 * @throws {LimitExceededError}
 */
export function checkOverlaps({ definitions }: DocumentNode, fieldCount: number, comparisonsMax: number): void {
  // Nearly every document is so small that whatever it says is within the limit.
  if ((wholeWeight * fieldCount * fieldCount) / 2 <= comparisonsMax) return;
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const gauge = new OverlapGauge(fragments, comparisonsMax);
  for (const definition of definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) gauge.add([definition.selectionSet]);
  }
  // Those that nothing spreads are validated, too.
  for (const fragment of gauge.unspread()) gauge.add([fragment.selectionSet]);
}

class OverlapGauge {
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly #comparisonsMax: number;
  readonly #spread = new Set<string>();
  #comparisons = 0;

  constructor(fragments: ReadonlyMap<string, FragmentDefinitionNode>, comparisonsMax: number) {
    this.#fragments = fragments;
    this.#comparisonsMax = comparisonsMax;
  }

  unspread(): readonly FragmentDefinitionNode[] {
    return [...this.#fragments.values()].filter(({ name }) => !this.#spread.has(name.value));
  }

  /** Counts the pairs of these selections, which are merged into each other, and of what is below them. */
  add(selectionSets: readonly SelectionSetNode[]): void {
    const groups = new Map<string, FieldNode[]>();
    const visited = new Set<string>();
    for (const selectionSet of selectionSets) this.#collect(selectionSet, groups, visited);
    for (const fields of groups.values()) {
      const isPlain = fields.every((field) => field.selectionSet === undefined && (field.arguments ?? []).length === 0);
      this.#comparisons += ((fields.length * (fields.length - 1)) / 2) * (isPlain ? 1 : wholeWeight);
      if (this.#comparisons > this.#comparisonsMax) {
        const message =
          'The GraphQL document names the same fields too often side by side: select each once, or give them aliases';
        throw new LimitExceededError(message, { limit: this.#comparisonsMax });
      }
      const inner = fields.flatMap(({ selectionSet }) => selectionSet ?? []);
      if (inner.length > 0) this.add(inner);
    }
  }

  /** As section 6.3.2 of the specification collects fields: a fragment counts once. */
  #collect({ selections }: SelectionSetNode, groups: Map<string, FieldNode[]>, visited: Set<string>): void {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        const name = (selection.alias ?? selection.name).value;
        const group = groups.get(name);
        if (group === undefined) groups.set(name, [selection]);
        else group.push(selection);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        this.#collect(selection.selectionSet, groups, visited);
      } else if (!visited.has(selection.name.value)) {
        visited.add(selection.name.value);
        this.#spread.add(selection.name.value);
        const fragment = this.#fragments.get(selection.name.value);
        if (fragment !== undefined) this.#collect(fragment.selectionSet, groups, visited);
      }
    }
  }
}
