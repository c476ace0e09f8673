import type { Role } from '../../src/database/rights.ts';
import { isJsonObject, type JsonObject } from '../../src/document/json.ts';
import { parseJson } from '../../src/document/json-parser.ts';
import type { Answer, ProtectedServer } from './protected-server.ts';

/** The table that the tokens of the walk reach, one that they do not, and one that is not there. */
export const own = 'orders';
export const foreign = 'zqxsecret';
export const absent = 'zqxabsent';

/** Nothing that only the foreign table holds lacks one of these. */
const canaries = [/zqxsecret/i, /zqxbody/i, /zqxname/i, /zqxpath/i];

export interface Made {
  readonly id: string;
  readonly version: number;
}

/** A server with documents in two tables, and a token for every role on one of them. */
export class Fixture {
  readonly server: ProtectedServer;
  readonly admin: string;
  readonly tokens: Readonly<Record<Role | 'elsewhere', string>>;

  private constructor(server: ProtectedServer, tokens: Fixture['tokens']) {
    this.server = server;
    this.admin = server.operatorToken;
    this.tokens = tokens;
  }

  static async over(server: ProtectedServer): Promise<Fixture> {
    const fixture = new Fixture(server, {
      read: await server.token(`read:${own}`),
      write: await server.token(`write:${own}`),
      admin: await server.token(`admin:${own}`),
      elsewhere: await server.token('admin:elsewhere'),
    });
    for (const table of [own, foreign]) for (let count = 0; count < 3; count += 1) await fixture.make(table);
    const index = `createIndex(table: "${foreign}", path: "zqxpath") { state }`;
    const schema = `updateTable(name: "${foreign}", settings: {schema: {description: "zqxbody"}}) { name }`;
    expectData(await server.run(fixture.admin, `mutation { ${index} ${schema} }`));
    return fixture;
  }

  /** A new document, which has a past. */
  async make(table: string): Promise<Made> {
    const [name, text] = table === foreign ? ['zqxname', 'zqxbody'] : ['order', 'mine'];
    const input = `name: "${name}", table: "${table}", body: {text: "${text}"}`;
    const created = expectData(await this.server.run(this.admin, `mutation { d: createDocument(${input}) { id } }`));
    const { id } = created.d as JsonObject;
    const update = `d: updateDocument(id: "${id}", version: 1, body: {text: "${text}", zqxpath: 1}) { id }`;
    if (table === foreign) expectData(await this.server.run(this.admin, `mutation { ${update} }`));
    else expectData(await this.server.run(this.admin, `mutation { ${update.replace(', zqxpath: 1', ', n: 1')} }`));
    return { id: String(id), version: 2 };
  }

  async archived(table: string): Promise<Made> {
    const { id } = await this.make(table);
    expectData(await this.server.run(this.admin, `mutation { archiveDocument(id: "${id}") { id } }`));
    return { id, version: 3 };
  }

  /** All that there is of the foreign table, as one text. */
  async foreignState(): Promise<string> {
    const documents = `findDocuments(table: "${foreign}", archived: INCLUDE, first: 1000) { nodes { id version archivedAt body } }`;
    const table = `table(name: "${foreign}") { settings { schema uniquePaths readOnly } documentCount indexes { path } }`;
    return JSON.stringify(expectData(await this.server.run(this.admin, `{ ${documents} ${table} }`)));
  }
}

/** @throws {Error} when there is anything but data in it. */
export function expectData({ text }: Pick<Answer, 'text'>): JsonObject {
  const answer = parseJson(text);
  if (!isJsonObject(answer) || answer.errors !== undefined || !isJsonObject(answer.data)) throw new Error(text);
  return answer.data;
}

/** What of the foreign table is in the text. @param named whether whoever asked named the table, which then may come back. */
export function leaksIn(text: string, named: boolean): readonly string[] {
  return canaries.slice(named ? 1 : 0).flatMap((canary) => canary.exec(text)?.[0] ?? []);
}
