import {
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  GraphQLIncludeDirective,
  type GraphQLSchema,
  GraphQLSkipDirective,
  Kind,
  type OperationDefinitionNode,
  type VariableValues,
  visit,
} from 'graphql';
import type { ParsedGraphqlDocument } from './document-limits.ts';
import { asksToExplain } from './explain-directive.ts';
import { type OperationPlan, planOperation, UnplannableError } from './operation-plan.ts';

type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

/** A document with its operations, each of which is planned when it is first executed. */
export class PreparedDocument {
  /** What validation said. With any of them nothing may be executed. */
  readonly errors: readonly GraphQLError[];
  readonly fieldCount: number;
  readonly document: DocumentNode;
  readonly #operations: readonly PreparedOperation[];

  constructor(schema: GraphQLSchema, { document, fieldCount }: ParsedGraphqlDocument, errors: readonly GraphQLError[]) {
    this.errors = errors;
    this.document = document;
    this.fieldCount = fieldCount;
    const fragments = new Map<string, FragmentDefinitionNode>();
    const operations: OperationDefinitionNode[] = [];
    for (const definition of document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
      else if (definition.kind === Kind.OPERATION_DEFINITION) operations.push(definition);
    }
    const conditions = conditionsOf(document);
    this.#operations = operations.map((operation) => new PreparedOperation(schema, operation, fragments, conditions));
  }

  /** GraphQL, section 6.1 (GetOperation). Undefined when the document has none of this name, or several without one. */
  operation(name: string | undefined): PreparedOperation | undefined {
    if (name !== undefined) return this.#operations.find(({ definition }) => definition.name?.value === name);
    return this.#operations.length === 1 ? this.#operations[0] : undefined;
  }
}

export class PreparedOperation {
  readonly definition: OperationDefinitionNode;
  readonly isExplained: boolean;
  readonly #schema: GraphQLSchema;
  readonly #fragments: Fragments;
  /** Variables that decide what is selected. */
  readonly #conditions: readonly string[];
  /** The values of those that the plan was made for. */
  #planned: readonly unknown[] | undefined;
  #plan: OperationPlan | undefined;

  constructor(
    schema: GraphQLSchema,
    definition: OperationDefinitionNode,
    fragments: Fragments,
    conditions: readonly string[],
  ) {
    this.#schema = schema;
    this.definition = definition;
    this.isExplained = asksToExplain(definition);
    this.#fragments = fragments;
    this.#conditions = conditions;
  }

  /**
   * The plan for these variables; undefined when there can be none. One is kept, for the conditions that came last: to keep one for each of their
   * combinations would let a short text fill the memory, and planning takes no longer than what graphql-js does for every execution.
   */
  plan(variables: VariableValues): OperationPlan | undefined {
    const planned = this.#planned;
    if (planned?.every((value, index) => value === variables.coerced[this.#conditions[index] ?? ''])) return this.#plan;
    this.#planned = this.#conditions.map((name) => variables.coerced[name]);
    this.#plan = this.#makePlan(variables);
    return this.#plan;
  }

  #makePlan(variables: VariableValues): OperationPlan | undefined {
    try {
      return planOperation(this.#schema, this.definition, { fragments: this.#fragments, variables });
    } catch (error) {
      // A condition without a value is told at the place that it is about.
      if (error instanceof UnplannableError || error instanceof GraphQLError) return undefined;
      throw error;
    }
  }
}

/** The variables in `@skip` and `@include`. */
function conditionsOf(document: DocumentNode): readonly string[] {
  const names = new Set<string>();
  visit(document, {
    Directive({ name, arguments: args = [] }) {
      if (name.value !== GraphQLSkipDirective.name && name.value !== GraphQLIncludeDirective.name) return;
      for (const { value } of args) if (value.kind === Kind.VARIABLE) names.add(value.name.value);
    },
  });
  return [...names];
}
