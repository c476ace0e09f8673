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
  /** Fields that are given another name, counted likewise. Default 1,000. */
  readonly aliasesMax: number;
  /** Directives of operations, fragments and fields, counted likewise. Default 500. */
  readonly directivesMax: number;
}

/** How many fields there are, those of a fragment counted wherever it is spread. */
export interface FieldCounts {
  /** Of the operations. */
  readonly executable: number;
  /** Of the operations, and of every fragment once more: validation looks at those, too, that nothing spreads. */
  readonly validated: number;
}

/**
 * @throws {LimitExceededError} for a document that selects more than it may.
 */
export function checkSelections({ definitions }: DocumentNode, limits: SelectionLimits): FieldCounts {
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
  let whole = nothing;
  let inFragments = 0;
  for (const definition of definitions) {
    // Fragments that nothing spreads are validated too, so they have to keep to the limits as well.
    if (definition.kind === Kind.FRAGMENT_DEFINITION)
      inFragments += gauge.measureFragment(definition.name.value, 0)?.fields ?? 0;
    else if (definition.kind === Kind.OPERATION_DEFINITION) {
      whole = sum(whole, gauge.measure(definition.selectionSet, 1));
      whole = { ...whole, directives: whole.directives + (definition.directives?.length ?? 0) };
    }
  }
  gauge.checkSize(whole);
  return { executable: whole.fields, validated: whole.fields + inFragments };
}

interface Size {
  /** Levels of selection sets. */
  readonly depth: number;
  readonly fields: number;
  readonly aliases: number;
  readonly directives: number;
}

const nothing: Size = Object.freeze({ depth: 0, fields: 0, aliases: 0, directives: 0 });

/** Of two that are beside each other. */
function sum(a: Size, b: Size): Size {
  return {
    depth: Math.max(a.depth, b.depth),
    fields: a.fields + b.fields,
    aliases: a.aliases + b.aliases,
    directives: a.directives + b.directives,
  };
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
    let inner = nothing;
    for (const selection of selections) {
      inner = sum(inner, ownSize(selection));
      inner = sum(inner, this.#measureInside(selection, level) ?? nothing);
    }
    this.checkSize(inner);
    return { ...inner, depth: inner.depth + 1 };
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
    const measured = this.measure(fragment.selectionSet, level + 1);
    const size = { ...measured, directives: measured.directives + (fragment.directives?.length ?? 0) };
    this.#measured.set(name, size);
    return size;
  }

  checkSize({ fields, aliases, directives }: Size): void {
    const { fieldsMax, aliasesMax, directivesMax } = this.#limits;
    check(fields, fieldsMax, 'selects', 'fields');
    check(aliases, aliasesMax, 'has', 'aliases');
    check(directives, directivesMax, 'has', 'directives');
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

/** Without what is inside of it. */
function ownSize(selection: SelectionNode): Size {
  const isField = selection.kind === Kind.FIELD;
  const aliases = isField && selection.alias !== undefined ? 1 : 0;
  return { depth: 0, fields: isField ? 1 : 0, aliases, directives: selection.directives?.length ?? 0 };
}

function check(actual: number, limit: number, verb: string, what: string): void {
  if (actual <= limit) return;
  throw new LimitExceededError(`The GraphQL document ${verb} more than ${limit} ${what}`, { limit });
}
