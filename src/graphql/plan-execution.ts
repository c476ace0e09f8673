import { type GraphQLError, getArgumentValues, locatedError, type VariableValues } from 'graphql';
import type { GraphqlResult } from './graphql-answer.ts';
import type { OperationContext } from './operation-context.ts';
import type { FieldPlan, OperationPlan, ValuePlan } from './operation-plan.ts';
import { pathKeys, ResponseErrors, type ResponsePath } from './response-errors.ts';

/** So many values are completed at once, which takes about half a millisecond; where each is an error, some milliseconds. A page of 100 documents has fewer. */
const valuesAtOnceMax = 1_280;
/** The same of fields side by side, each of which may be much more than one value. */
const fieldsAtOnceMax = 256;
/** So many values that were promised are completed without a look whether others wait: most operations have fewer. */
const promisedAtOnceMax = 8;

/**
 * One execution of a plan: GraphQL, section 6, as graphql-js does it, error for error. A promise is made only where a resolver gave one, and where there is so much to
 * complete that others are to have their turns in between.
 */
export class PlanExecution {
  readonly #context: OperationContext;
  readonly #variables: VariableValues;
  readonly #errors = new ResponseErrors();
  /** Once it has ended, what was still under way calls no more resolvers. */
  #hasEnded = false;
  #promised = 0;

  constructor(context: OperationContext, variables: VariableValues) {
    this.#context = context;
    this.#variables = variables;
  }

  run({ fields, isSerial }: OperationPlan): GraphqlResult | Promise<GraphqlResult> {
    try {
      const data = isSerial ? this.#executeSerially(fields) : this.#executeFields(fields, undefined, undefined);
      if (!(data instanceof Promise)) return this.#end(data);
      return data.then(
        (settled) => this.#end(settled),
        (error: unknown) => this.#fail(error),
      );
    } catch (error) {
      return this.#fail(error);
    }
  }

  #fail(error: unknown): GraphqlResult {
    // A non-null root field: it was located on its way up.
    this.#errors.add(error as GraphQLError, undefined, false);
    return this.#end(null);
  }

  #end(data: unknown): GraphqlResult {
    this.#hasEnded = true;
    const errors = this.#errors.take();
    return errors.length > 0 ? { errors, data } : { data };
  }

  async #executeSerially(fields: readonly FieldPlan[]): Promise<unknown> {
    const results: Record<string, unknown> = {};
    for (const field of fields) results[field.responseName] = await this.#executeField(field, undefined, undefined);
    return results;
  }

  #executeFields(fields: readonly FieldPlan[], source: unknown, path: ResponsePath | undefined): unknown {
    if (fields.length > fieldsAtOnceMax) return this.#executeInTurns(fields, source, path);
    const results: Record<string, unknown> = {};
    let isPending = false;
    try {
      for (const field of fields) {
        const result = this.#executeField(field, source, path);
        results[field.responseName] = result;
        if (result instanceof Promise) isPending = true;
      }
    } catch (error) {
      abandon(Object.values(results));
      throw error;
    }
    return isPending ? settleMembers(results) : results;
  }

  async #executeInTurns(
    fields: readonly FieldPlan[],
    source: unknown,
    path: ResponsePath | undefined,
  ): Promise<unknown> {
    const results: Record<string, unknown> = {};
    const execute = (field: FieldPlan) => {
      results[field.responseName] = this.#executeField(field, source, path);
      return results[field.responseName];
    };
    await this.#eachInTurns(fields, execute);
    return settleMembers(results);
  }

  /** Stops where an error has ended the execution. What the results reject with is for whoever waits for them in the end. */
  async #eachInTurns<T>(items: readonly T[], take: (item: T, index: number) => unknown): Promise<void> {
    const { turns } = this.#context.services;
    const leave = await this.#context.enterLine();
    try {
      await turns.next();
      for (const [index, item] of items.entries()) {
        if (turns.over) await turns.next();
        if (this.#hasEnded) return;
        const result = take(item, index);
        if (result instanceof Promise) abandon([result]);
      }
    } finally {
      leave();
    }
  }

  #executeField(field: FieldPlan, source: unknown, parentPath: ResponsePath | undefined): unknown {
    const { value, responseName } = field;
    // Whatever is below has to be told by this very path; of a leaf it is told only when something is wrong.
    let path: ResponsePath | undefined;
    try {
      const args = field.takesArguments
        ? getArgumentValues(field.definition, field.argumentsNode, this.#variables)
        : noArguments;
      const result = field.resolve(source, args, this.#context);
      path = { key: responseName, previous: parentPath };
      if (isPromiseLike(result)) return this.#completeLater(value, field.isNonNull, field, path, result);
      const completed = this.#complete(value, field, path, result);
      return completed instanceof Promise ? this.#catch(completed, field.isNonNull, field, path) : completed;
    } catch (error) {
      this.#handle(error, field.isNonNull, field, path ?? { key: responseName, previous: parentPath });
      return null;
    }
  }

  async #completeLater(
    value: ValuePlan,
    isNonNull: boolean,
    field: FieldPlan,
    path: ResponsePath,
    result: PromiseLike<unknown>,
  ): Promise<unknown> {
    try {
      const resolved = await result;
      this.#promised += 1;
      const turn = this.#promised > promisedAtOnceMax ? this.#context.services.turns.next() : undefined;
      // Not awaited in vain: many that come to this in one go would all find that there is time, and then take it.
      if (turn !== undefined) await turn;
      if (this.#hasEnded) {
        abandon(Array.isArray(resolved) ? resolved : []);
        return null;
      }
      const completed = this.#complete(value, field, path, resolved);
      return completed instanceof Promise ? await completed : completed;
    } catch (error) {
      this.#handle(error, isNonNull, field, path);
      return null;
    }
  }

  #catch(completed: Promise<unknown>, isNonNull: boolean, field: FieldPlan, path: ResponsePath): Promise<unknown> {
    return completed.then(undefined, (error: unknown) => {
      this.#handle(error, isNonNull, field, path);
      return null;
    });
  }

  /** The nearest place that may be null becomes null: here, or on the error's way up. */
  #handle(error: unknown, isNonNull: boolean, field: FieldPlan, path: ResponsePath): void {
    const located = locatedError(error, field.nodes, pathKeys(path));
    if (isNonNull) throw located;
    this.#errors.add(located, path, field.value.kind === 'leaf');
  }

  #complete(plan: ValuePlan, field: FieldPlan, path: ResponsePath, value: unknown): unknown {
    if (value instanceof Error) throw value;
    if (plan.kind === 'nonNull') {
      const completed = this.#complete(plan.value, field, path, value);
      if (completed !== null) return completed;
      throw new Error(`Cannot return null for non-nullable field ${field.parentType}.${field.definition.name}.`);
    }
    if (value === null || value === undefined) return null;
    switch (plan.kind) {
      case 'leaf': {
        const coerced = plan.type.coerceOutputValue(value);
        if (coerced !== null && coerced !== undefined) return coerced;
        throw new Error(`Expected a value of ${plan.type} for ${field.parentType}.${field.definition.name}`);
      }
      case 'object':
        return this.#executeFields(plan.fields, value, path);
      case 'list':
        return this.#completeList(plan, field, path, value);
    }
  }

  #completeList(
    plan: Extract<ValuePlan, { kind: 'list' }>,
    field: FieldPlan,
    path: ResponsePath,
    list: unknown,
  ): unknown {
    if (!Array.isArray(list)) {
      throw new TypeError(`Expected a list for ${field.parentType}.${field.definition.name}`);
    }
    const { item, isItemNonNull, itemSize } = plan;
    if (list.length * itemSize > valuesAtOnceMax) return this.#completeInTurns(plan, field, path, list);
    let isPending = false;
    const completed: unknown[] = [];
    try {
      for (const [key, element] of list.entries()) {
        const result = this.#completeItem(item, isItemNonNull, field, { key, previous: path }, element);
        completed.push(result);
        if (result instanceof Promise) isPending = true;
      }
    } catch (error) {
      abandon(completed);
      abandon(list.slice(completed.length));
      throw error;
    }
    return isPending ? Promise.all(completed) : completed;
  }

  async #completeInTurns(
    { item, isItemNonNull }: Extract<ValuePlan, { kind: 'list' }>,
    field: FieldPlan,
    path: ResponsePath,
    list: readonly unknown[],
  ): Promise<unknown> {
    const completed: unknown[] = [];
    try {
      await this.#eachInTurns(list, (element, key) => {
        const result = this.#completeItem(item, isItemNonNull, field, { key, previous: path }, element);
        completed.push(result);
        return result;
      });
    } finally {
      abandon(list.slice(completed.length));
    }
    return Promise.all(completed);
  }

  #completeItem(item: ValuePlan, isNonNull: boolean, field: FieldPlan, path: ResponsePath, value: unknown): unknown {
    if (isPromiseLike(value)) return this.#completeLater(item, isNonNull, field, path, value);
    try {
      const completed = this.#complete(item, field, path, value);
      return completed instanceof Promise ? this.#catch(completed, isNonNull, field, path) : completed;
    } catch (error) {
      this.#handle(error, isNonNull, field, path);
      return null;
    }
  }
}

const noArguments: Readonly<Record<string, unknown>> = Object.freeze({});

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** Of what is still under way nobody waits for the end any more. A rejection that nobody handles would end the process. */
function abandon(values: readonly unknown[]): void {
  for (const value of values) if (isPromiseLike(value)) value.then(undefined, () => undefined);
}

/** The members stay in their order. */
async function settleMembers(results: Record<string, unknown>): Promise<unknown> {
  const settled = await Promise.all(Object.values(results));
  for (const [index, name] of Object.keys(results).entries()) results[name] = settled[index];
  return results;
}
