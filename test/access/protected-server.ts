import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { createAccessToken } from '../../src/access/access-token.ts';
import { type App, type AppFiles, createApp } from '../../src/app.ts';
import { parseCommandLine, parseConfig } from '../../src/config.ts';
import { isJsonObject, type JsonObject } from '../../src/document/json.ts';
import { parseJson } from '../../src/document/json-parser.ts';
import { type HttpAnswer, type HttpQuestion, send } from '../support/http-client.ts';

export interface Answer extends HttpAnswer {
  /** The first code that it tells, of REST or of GraphQL. */
  readonly code: string | undefined;
}

/** The whole server as `yaradb serve` puts it together, asking for tokens, on a data directory and a port of its own. */
export class ProtectedServer implements AsyncDisposable {
  readonly app: App;
  readonly url: string;
  readonly directory: string;
  /** With all rights. */
  readonly operatorToken: string;
  /** What it has logged, one text a line. */
  readonly logged: string[];

  private constructor(parts: Pick<ProtectedServer, 'app' | 'url' | 'directory' | 'operatorToken' | 'logged'>) {
    this.app = parts.app;
    this.url = parts.url;
    this.directory = parts.directory;
    this.operatorToken = parts.operatorToken;
    this.logged = parts.logged;
  }

  static async start(
    flags: readonly string[] = ['--auth', 'required'],
    files: Partial<AppFiles> = {},
  ): Promise<ProtectedServer> {
    const directory = await mkdtemp(join(tmpdir(), 'yaradb-access-'));
    const given = ['--port', '0', '--data-dir', directory, '--self-destruct', 'allowed', ...flags];
    const config = parseConfig(parseCommandLine(given).flags, {}, false);
    const operatorToken = createAccessToken(randomBytes).text;
    const logged: string[] = [];
    const logger = pino({ level: 'trace' }, { write: (line: string) => logged.push(line) });
    const options = { tls: null, keySet: null, operatorToken, ...files };
    try {
      const app = await createApp({ ...config, memoryBytesMax: 1024 ** 3 }, '0.0.0-test', logger, options);
      return new ProtectedServer({ app, url: await app.listen(), directory, operatorToken, logged });
    } catch (error) {
      await rm(directory, { recursive: true });
      throw error;
    }
  }

  async ask(token: string | null, path: string, question: HttpQuestion = {}): Promise<Answer> {
    const authorization: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
    const answer = await send(`${this.url}${path}`, {
      ...question,
      headers: { ...authorization, ...question.headers },
    });
    return { ...answer, code: codeOf(answer) };
  }

  run(token: string | null, query: string, variables?: object): Promise<Answer> {
    return this.ask(token, '/graphql', { method: 'POST', body: { query, variables } });
  }

  /** A new token of these roles. */
  async token(...roles: readonly string[]): Promise<string> {
    const answer = await this.ask(this.operatorToken, '/system/tokens', { method: 'POST', body: { roles } });
    return String((answer.json as JsonObject).token);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app.drain(0);
    await this.app.close();
    await rm(this.directory, { recursive: true });
  }
}

function codeOf({ text, headers }: HttpAnswer): string | undefined {
  if (!text.startsWith('{') || headers['content-type']?.includes('ndjson') === true) return undefined;
  const answer = parseJson(text);
  if (!isJsonObject(answer)) return undefined;
  if (typeof answer.code === 'string') return answer.code;
  const [error] = Array.isArray(answer.errors) ? answer.errors : [];
  const extensions = isJsonObject(error) ? error.extensions : undefined;
  return isJsonObject(extensions) ? String(extensions.code) : undefined;
}
