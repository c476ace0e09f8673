import {
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { LimitExceededError } from '../errors.ts';

export interface SelectionLimits {
  /** Operations and fragments. Default 100. */
  readonly definitionsMax: number;
  /** Selection sets inside each other, fragments followed. Default 32: introspection needs 15. */
  readonly depthMax: number;
  /** Fields of the whole document, those of a fragment counted wherever it is spread. Default 5,000. */
  readonly fieldsMax: number;
}

/**
 * @returns how many fields the operations select, those of a fragment counted wherever it is spread.
 * @throws {LimitExceededError} for a document that selects more than it may.
 */
export function checkSelections({ definitions }: DocumentNode, limits: SelectionLimits): number {
  const { definitionsMax } = limits;
  if (definitions.length > definitionsMax) {
    throw new LimitExceededError(`The GraphQL document has more than ${definitionsMax} operations and fragments`, {
      limit: definitionsMax,
      actual: definitions.length,
    });
  }
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const gauge = new SelectionGauge(fragments, limits);
  let fields = 0;
  for (const definition of definitions) {
    // Fragments that nothing spreads are validated too, so they have to keep to the limits as well.
    if (definition.kind === Kind.FRAGMENT_DEFINITION) gauge.measureFragment(definition.name.value, 0);
    else if (definition.kind === Kind.OPERATION_DEFINITION) fields += gauge.measure(definition.selectionSet, 1).fields;
  }
  gauge.checkFields(fields);
  return fields;
}

interface Size {
  /** Levels of selection sets. */
  readonly depth: number;
  readonly fields: number;
}

/** Measures each fragment once, however often it is spread: counting must not cost what it protects from. */
class SelectionGauge {
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly #limits: SelectionLimits;
  /** Null while a fragment is being measured: validation refuses one that spreads itself. */
  readonly #measured = new Map<string, Size | null>();

  constructor(fragments: ReadonlyMap<string, FragmentDefinitionNode>, limits: SelectionLimits) {
    this.#fragments = fragments;
    this.#limits = limits;
  }

  /** `level` is how many selection sets there are around the fields, this one included. */
  measure({ selections }: SelectionSetNode, level: number): Size {
    this.#checkDepth(level);
    let innerDepth = 0;
    let fields = 0;
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) fields += 1;
      const inner = this.#measureInside(selection, level);
      if (inner === null) continue;
      innerDepth = Math.max(innerDepth, inner.depth);
      fields += inner.fields;
    }
    this.checkFields(fields);
    return { depth: innerDepth + 1, fields };
  }

  measureFragment(name: string, level: number): Size | null {
    const known = this.#measured.get(name);
    if (known !== undefined) {
      this.#checkDepth(level + (known?.depth ?? 0));
      return known;
    }
    const fragment = this.#fragments.get(name);
    if (fragment === undefined) return null; // Validation refuses it.
    this.#measured.set(name, null);
    const size = this.measure(fragment.selectionSet, level + 1);
    this.#measured.set(name, size);
    return size;
  }

  checkFields(fields: number): void {
    const { fieldsMax } = this.#limits;
    if (fields <= fieldsMax) return;
    throw new LimitExceededError(`The GraphQL document selects more than ${fieldsMax} fields`, { limit: fieldsMax });
  }

  #measureInside(selection: SelectionNode, level: number): Size | null {
    if (selection.kind === Kind.FRAGMENT_SPREAD) return this.measureFragment(selection.name.value, level);
    return selection.selectionSet === undefined ? null : this.measure(selection.selectionSet, level + 1);
  }

  #checkDepth(level: number): void {
    const { depthMax } = this.#limits;
    if (level <= depthMax) return;
    throw new LimitExceededError(`The GraphQL document selects deeper than ${depthMax} levels`, { limit: depthMax });
  }
}
