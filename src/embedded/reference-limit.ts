import { _, type Ajv } from 'ajv';
import type { JsonObject } from '../document/json.ts';
import { isTextLonger } from '../document/json-length.ts';
import { LimitExceededError } from '../errors.ts';

/** References of a schema that are followed for one body, whatever its length. A hundred thousand take some milliseconds. */
export const referencesMax = 100_000;

/**
 * Counts the references that are followed while a body is looked at. A schema that follows one twice at each of forty levels, or twice for
 * each level of a body, would do so 2^40 times, and nobody else would be served.
 *
 * Life cycle: `watch` a validator before anything is compiled; `begin` before each body.
 */
export class ReferenceLimit {
  #body: JsonObject = {};
  #followed = 0;
  #max = referencesMax;

  /** @param body a longer one may follow more: a list of a million elements refers a million times. */
  begin(body: JsonObject): void {
    this.#body = body;
    this.#followed = 0;
    this.#max = referencesMax;
  }

  /** Has all that the validator compiles from now on count. */
  watch(ajv: Ajv): void {
    for (const keyword of ['$ref', '$dynamicRef']) {
      const definition = ajv.getKeyword(keyword);
      if (typeof definition !== 'object' || !('code' in definition)) continue; // draft-07 has no $dynamicRef
      const { code } = definition;
      // The definition is this validator's own copy. In its place it keeps its rank among the keywords.
      definition.code = (context, dataType) => {
        context.gen.code(_`${context.gen.scopeValue('func', { ref: this.#follow })}()`);
        code(context, dataType);
      };
    }
  }

  readonly #follow = (): void => {
    this.#followed += 1;
    if (this.#followed <= this.#max) return;
    // Doubled until it is as long as the body, so that its length is told a few times at most.
    if (isTextLonger(this.#body, this.#max)) {
      this.#max *= 2;
      return;
    }
    throw new LimitExceededError(
      `The schema of the table follows more than ${this.#max} references for this body. Refer to the same schema fewer times at each level`,
      { limit: this.#max },
    );
  };
}
