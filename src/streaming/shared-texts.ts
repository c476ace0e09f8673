/** Characters of texts, after which those are forgotten that were not asked for in the meantime. */
const charactersMax = 4 * 1024 * 1024;

type Texts = Map<string, string>;

/** The texts of events that many subscribers are told of in the same way: made for the first of them, and there for those who follow soon. */
export class SharedTexts {
  /** By event, then by how it is told. */
  #young = new WeakMap<object, Texts>();
  #old = new WeakMap<object, Texts>();
  #characters = 0;
  readonly #pending = new WeakMap<object, Map<string, Promise<string>>>();

  of(event: object, key: string, make: () => string): string;
  /** Who asks for one that takes longer, while it is made, is given the same: else all who are told of an event would make its text before one of them has it. */
  of(event: object, key: string, make: () => string | Promise<string>): string | Promise<string>;
  of(event: object, key: string, make: () => string | Promise<string>): string | Promise<string> {
    const known =
      this.#young.get(event)?.get(key) ?? this.#old.get(event)?.get(key) ?? this.#pending.get(event)?.get(key);
    if (known !== undefined) return known;
    const text = make();
    if (typeof text === 'string') this.#put(event, key, text);
    return typeof text === 'string' ? text : this.#putLater(event, key, text);
  }

  #putLater(event: object, key: string, text: Promise<string>): Promise<string> {
    const pending = this.#pending.get(event) ?? new Map<string, Promise<string>>();
    this.#pending.set(event, pending);
    const made = text
      .then((whole) => {
        this.#put(event, key, whole);
        return whole;
      })
      .finally(() => pending.delete(key));
    pending.set(key, made);
    return made;
  }

  #put(event: object, key: string, text: string): void {
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
