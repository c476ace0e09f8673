import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';
import { LimitExceededError } from '../errors.ts';
import { pageSizeDefault } from '../query/limits.ts';

type Variables = Readonly<Record<string, unknown>>;

/** How many values a part of an operation may give, where the page around it has `size` elements. */
type Cost = (variables: Variables, size: number) => number;

/** What a list is taken to hold whose length no argument bounds: tables, indexes, what a transaction wrote. */
const unboundedListSize = 10;

/**
 * Refuses operations that may give more values than they may: each field counts once for each element of the lists around it. How long a list
 * may get is told by its `first` or `last`. What there is to know of an operation is found out once.
 */
export class CostLimit {
  readonly #schema: GraphQLSchema;
  readonly #costMax: number;
  readonly #costs = new WeakMap<OperationDefinitionNode, Cost>();

  constructor(schema: GraphQLSchema, costMax: number) {
    this.#schema = schema;
    this.#costMax = costMax;
  }

  /** @param variables as they were sent, or coerced. @throws {LimitExceededError} */
  check(document: DocumentNode, operation: OperationDefinitionNode, variables: Variables): void {
    let costOf = this.#costs.get(operation);
    if (costOf === undefined) {
      costOf = new OperationGauge(this.#schema, document, operation).cost();
      this.#costs.set(operation, costOf);
    }
    const limit = this.#costMax;
    const actual = costOf(variables, 0);
    if (actual <= limit) return;
    const message = `The GraphQL operation may give ${actual} values, more than ${limit}: ask for smaller pages or fewer fields`;
    throw new LimitExceededError(message, { limit, actual });
  }
}

/** An operation that was validated and keeps to the limits of selections, so that it may be walked with its fragments. */
class OperationGauge {
  readonly #schema: GraphQLSchema;
  readonly #operation: OperationDefinitionNode;
  readonly #definitions = new Map<string, FragmentDefinitionNode>();
  readonly #fragments = new Map<string, Cost>();
  readonly #defaults: ReadonlyMap<string, ValueNode | undefined>;
  #hasSizeVariables = false;

  constructor(schema: GraphQLSchema, { definitions }: DocumentNode, operation: OperationDefinitionNode) {
    this.#schema = schema;
    this.#operation = operation;
    for (const definition of definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION) this.#definitions.set(definition.name.value, definition);
    }
    const { variableDefinitions = [] } = operation;
    this.#defaults = new Map(
      variableDefinitions.map(({ variable, defaultValue }) => [variable.name.value, defaultValue]),
    );
  }

  cost(): Cost {
    const { operation, selectionSet } = this.#operation;
    const cost = this.#ofSelections(selectionSet, this.#schema.getRootType(operation)?.name);
    if (this.#hasSizeVariables) return cost;
    const constant = cost({}, 0);
    return () => constant;
  }

  #ofSelections({ selections }: SelectionSetNode, typeName: string | undefined): Cost {
    const costs = selections.map((selection) => this.#ofSelection(selection, typeName));
    return (variables, size) => costs.reduce((sum, cost) => sum + cost(variables, size), 0);
  }

  #ofSelection(selection: SelectionNode, typeName: string | undefined): Cost {
    switch (selection.kind) {
      case Kind.FIELD:
        return this.#ofField(selection, typeName);
      case Kind.INLINE_FRAGMENT:
        return this.#ofSelections(selection.selectionSet, selection.typeCondition?.name.value ?? typeName);
      case Kind.FRAGMENT_SPREAD:
        return this.#ofFragment(selection.name.value);
    }
  }

  #ofFragment(name: string): Cost {
    const known = this.#fragments.get(name);
    if (known !== undefined) return known;
    const definition = this.#definitions.get(name);
    if (definition === undefined) return () => 0;
    const cost = this.#ofSelections(definition.selectionSet, definition.typeCondition.name.value);
    this.#fragments.set(name, cost);
    return cost;
  }

  #ofField(node: FieldNode, typeName: string | undefined): Cost {
    const field = this.#fieldOf(node.name.value, typeName);
    if (field === undefined || node.selectionSet === undefined) return () => 1;
    const inner = this.#ofSelections(node.selectionSet, getNamedType(field.type).name);
    const isList = isListType(getNullableType(field.type));
    const pageSize = field.args.some(({ name }) => name === 'first') ? this.#pageSizeOf(node) : undefined;
    // A page tells its size to the lists in it; one that is itself a list has so many elements.
    if (pageSize !== undefined && !isList) return (variables) => 1 + inner(variables, pageSize(variables));
    if (!isList) return (variables) => 1 + inner(variables, 0);
    return (variables, size) => 1 + (pageSize?.(variables) ?? (size || unboundedListSize)) * inner(variables, 0);
  }

  #fieldOf(name: string, typeName: string | undefined): GraphQLField<unknown, unknown> | undefined {
    const type = typeName === undefined ? undefined : this.#schema.getType(typeName);
    return isObjectType(type) || isInterfaceType(type) ? type.getFields()[name] : undefined;
  }

  #pageSizeOf({ arguments: given = [] }: FieldNode): (variables: Variables) => number {
    const values = given
      .filter(({ name }) => name.value === 'first' || name.value === 'last')
      .map(({ value }) => value);
    const sizes = values.map((value) => this.#sizeOf(value));
    return (variables) => {
      for (const size of sizes) {
        const asked = size(variables);
        if (asked !== undefined) return asked;
      }
      return pageSizeDefault;
    };
  }

  /** Undefined for what is no size: null, or a value that is refused later. */
  #sizeOf(value: ValueNode): (variables: Variables) => number | undefined {
    if (value.kind !== Kind.VARIABLE) {
      const size = literalSize(value);
      return () => size;
    }
    this.#hasSizeVariables = true;
    const name = value.name.value;
    const fallback = literalSize(this.#defaults.get(name));
    return (variables) => {
      const given = variables[name];
      if (given === undefined) return fallback;
      return typeof given === 'number' && given >= 0 ? given : undefined;
    };
  }
}

function literalSize(value: ValueNode | undefined): number | undefined {
  return value?.kind === Kind.INT && !value.value.startsWith('-') ? Number(value.value) : undefined;
}
