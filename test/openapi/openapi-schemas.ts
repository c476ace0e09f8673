import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

/** As much of an OpenAPI document as the tests look at. */
export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

export interface OpenApiOperation {
  readonly operationId: string;
  readonly security?: readonly unknown[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema: unknown; example: unknown }>> };
  readonly responses: Readonly<Record<string, { readonly content: Readonly<Record<string, { schema: unknown }>> }>>;
}

/**
 * Compiles the schemas of a document. They are open, since members may be added, so a member that no schema names would go unseen: here
 * every object that lists its members and says nothing of others is closed.
 */
export class OpenApiSchemas {
  readonly #ajv: Ajv2020;
  readonly #components: unknown;

  constructor(document: OpenApi) {
    this.#ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true, allErrors: true });
    addFormats.default(this.#ajv);
    this.#components = document.components;
  }

  compile(schema: unknown): ValidateFunction {
    // `unevaluatedProperties` sees through references and `anyOf`, as `additionalProperties` does not.
    return this.#ajv.compile(Object(closed({ ...Object(schema), components: this.#components }, true)));
  }
}

/** @param root the components beside a schema are no keyword of it. */
function closed(value: unknown, root = false): unknown {
  if (Array.isArray(value)) return value.map((item) => closed(item));
  if (typeof value !== 'object' || value === null) return value;
  const { components, ...members } = Object(value);
  const visited = Object.fromEntries(Object.entries(members).map(([key, member]) => [key, closed(member)]));
  const open = 'properties' in visited && !('additionalProperties' in visited) && visited.type === 'object';
  return {
    ...visited,
    ...(open ? { unevaluatedProperties: false } : {}),
    ...(root ? { $defs: Object(closed(components)).schemas } : {}),
    ...(typeof visited.$ref === 'string' ? { $ref: visited.$ref.replace('#/components/schemas/', '#/$defs/') } : {}),
  };
}
