import type { JsonSchema } from './endpoint-description.ts';

/** Takes the schemas that have a title out of where they are used, so that each stands once in a document. */
export class SchemaCollector {
  readonly #sources = new Map<string, unknown>();
  readonly #schemas: Record<string, unknown> = {};

  /** The schemas with a title, by it. */
  get schemas(): Readonly<Record<string, unknown>> {
    return this.#schemas;
  }

  /**
   * The schema with references in the place of those that have a title.
   * @throws {TypeError} when two of them have the same.
   */
  collect(schema: JsonSchema): unknown {
    return this.#visit(schema);
  }

  #visit(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => this.#visit(item));
    if (typeof value !== 'object' || value === null) return value;
    const visited = () => Object.fromEntries(Object.entries(value).map(([key, member]) => [key, this.#visit(member)]));
    if (!('title' in value) || typeof value.title !== 'string') return visited();
    const { title } = value;
    const known = this.#sources.get(title);
    if (known !== undefined && known !== value) throw new TypeError(`Two schemas have the title ${title}`);
    if (known === undefined) {
      this.#sources.set(title, value);
      this.#schemas[title] = visited();
    }
    return { $ref: `#/components/schemas/${title}` };
  }
}
