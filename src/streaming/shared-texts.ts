/** Characters of texts, after which those are forgotten that were not asked for in the meantime. */
const charactersMax = 4 * 1024 * 1024;

type Texts = Map<string, string>;

/** The texts of events that many subscribers are told of in the same way: made for the first of them, and there for those who follow soon. */
export class SharedTexts {
  /** By event, then by how it is told. */
  #young = new WeakMap<object, Texts>();
  #old = new WeakMap<object, Texts>();
  #characters = 0;

  of(event: object, key: string, make: () => string): string {
    const known = this.#young.get(event)?.get(key) ?? this.#old.get(event)?.get(key);
    if (known !== undefined) return known;
    const text = make();
    this.put(event, key, text);
    return text;
  }

  get(event: object, key: string): string | undefined {
    return this.#young.get(event)?.get(key) ?? this.#old.get(event)?.get(key);
  }

  put(event: object, key: string, text: string): void {
    const texts = this.#young.get(event);
    if (texts === undefined) this.#young.set(event, new Map([[key, text]]));
    else texts.set(key, text);
    this.#characters += text.length;
    if (this.#characters < charactersMax) return;
    this.#old = this.#young;
    this.#young = new WeakMap();
    this.#characters = 0;
  }
}
