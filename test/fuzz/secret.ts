import type { SeededRandom } from '../fault/seeded-random.ts';
import { send } from '../support/http-client.ts';

/** The name of a table that nobody who is fuzzed may see. */
export const secretTable = 'zqxsecret';
/** What nobody can have of it who was not told. */
const markers = /zqxbody|zqxname|zqxpath/i;

/** Documents, an index and a schema that nobody who is fuzzed may see, with ids that they know. */
export class Secret {
  readonly #url: string;
  readonly #operator: string;
  readonly ids = Array.from({ length: 4 }, (_, index) => `0190a000-0000-7000-8000-5ec4e7${`00000${index}`.slice(-6)}`);
  #state = '';

  private constructor(url: string, operator: string) {
    this.#url = url;
    this.#operator = operator;
  }

  static async hiddenIn(url: string, operator: string): Promise<Secret> {
    const secret = new Secret(url, operator);
    for (const id of secret.ids) {
      const input = `name: "zqxname", table: "${secretTable}", id: "${id}", body: {text: "zqxbody", email: "zqxbody@example.com", level: 7}`;
      await secret.#run(`mutation { createDocument(${input}) { id } }`);
      await secret.#run(
        `mutation { updateDocument(id: "${id}", version: 1, body: {text: "zqxbody", zqxpath: 2, level: 8}) { id } }`,
      );
    }
    const [first] = secret.ids;
    await secret.#run(`mutation { archiveDocument(id: "${first}") { id }
      createIndex(table: "${secretTable}", path: "zqxpath") { state }
      updateTable(name: "${secretTable}", settings: {schema: {description: "zqxbody"}}) { name } }`);
    secret.#state = await secret.#read();
    return secret;
  }

  /** Has a text that a client wrote name what is secret, here and there. */
  aimed(random: SeededRandom, text: string): string {
    return text
      .replaceAll(/\b(?:people|notes)\b/g, (name) => (random.chance(0.15) ? secretTable : name))
      .replaceAll(/0190a000-0000-7000-8000-0000000000(?:00|01)/g, () => random.pick(this.ids));
  }

  /**
   * @param asked what the client sent, which may come back to it.
   * @throws {Error} when there is in the answer what the client may not know.
   */
  checkUntold(answer: string, asked: string): void {
    const told = markers.exec(answer);
    if (told !== null) throw new Error(`the answer tells '${told[0]}'`);
    // As the name of a document it may be anybody's own.
    const name = /"table":"zqxsecret"|"tables":\[[^\]]*"name":"zqxsecret"|"name":"zqxsecret","mode"/.exec(answer);
    if (name !== null && !namesSecretTable(asked)) throw new Error(`the answer tells ${name[0]}`);
    for (const id of this.ids) {
      if (answer.includes(id) && !asked.toLowerCase().includes(id)) throw new Error(`the answer tells the id ${id}`);
    }
  }

  /** @throws {Error} when anybody has changed it. */
  async checkUntouched(): Promise<void> {
    const state = await this.#read();
    if (state !== this.#state) throw new Error(`it was ${this.#state}, and is ${state}`);
  }

  async #read(): Promise<string> {
    const documents = `findDocuments(table: "${secretTable}", archived: INCLUDE, first: 1000, orderBy: [{path: "$id"}]) { nodes { id version archivedAt body } }`;
    return this.#run(
      `{ ${documents} table(name: "${secretTable}") { settings { schema uniquePaths readOnly } indexes { path } } }`,
    );
  }

  async #run(query: string): Promise<string> {
    const headers = { authorization: this.#operator };
    const { text } = await send(`${this.#url}/graphql`, { method: 'POST', body: { query }, headers });
    if (text.includes('"errors"')) throw new Error(text);
    return text;
  }
}

/** However it is written: encoded in an address, or with the escapes of JSON. */
function namesSecretTable(asked: string): boolean {
  return /zqxsecret|%7a|\\u00/i.test(asked);
}
