import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { graphiqlExample } from '../../src/graphql/graphiql-example.ts';
import { launchChromium, noChromium } from '../support/chromium.ts';
import { engineVariants } from '../support/engine-variant.ts';
import { at, type GraphqlServer, startGraphqlServer } from './graphql-server.ts';

async function start(): Promise<GraphqlServer> {
  const [[, openEngine] = []] = engineVariants;
  if (openEngine === undefined) throw new Error('Expected an engine');
  return startGraphqlServer(openEngine);
}

describe('the page of GraphiQL', () => {
  let server: GraphqlServer;

  beforeAll(async () => {
    server = await start();
  });

  afterAll(() => server.close());

  const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

  test('is served to browsers, with a policy that lets nothing leave the origin', async () => {
    const response = await fetch(server.endpoint, { headers: html });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("frame-ancestors 'none'");
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    });
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("connect-src 'self'");
    expect(policy).not.toMatch(/unsafe-eval|https?:|\*|script-src[^;]*unsafe-inline/);
    expect(await response.text()).toContain('<title>YaraDB</title>');
  });

  test('is not sent again to a browser that has it', async () => {
    const first = await fetch(server.endpoint, { headers: html });
    await first.arrayBuffer();
    const etag = first.headers.get('etag') ?? '';
    const again = await fetch(server.endpoint, { headers: { ...html, 'if-none-match': etag } });
    expect(again.status).toBe(304);
    expect(await again.text()).toBe('');
  });

  test('comes uncompressed to who cannot take it compressed', async () => {
    const response = await fetch(server.endpoint, { headers: { ...html, 'accept-encoding': 'identity' } });
    expect(response.headers.get('content-encoding')).toBeNull();
    expect(await response.text()).toContain('<title>YaraDB</title>');
  });

  test('opens with an example whose every operation runs', async () => {
    for (const operationName of ['CreateUser', 'FindUsers', 'GetUser']) {
      const response = await fetch(server.endpoint, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: graphiqlExample, operationName }),
      });
      expect(await response.json()).not.toHaveProperty('errors');
    }
    const { json } = await server.ask('{ findDocuments(table: "users") { totalCount } }');
    expect(at(json, 'data', 'findDocuments', 'totalCount')).toBe(1);
  });
});

describe.skipIf(noChromium !== null)(`GraphiQL in a browser${noChromium ?? ''}`, () => {
  let server: GraphqlServer;
  let browser: Browser;

  beforeAll(async () => {
    server = await start();
    browser = await launchChromium();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await server.close();
  });

  /** Runs one of the operations that the editor holds, and waits until the answer shows. */
  async function run(page: Page, operation: string, answer: string): Promise<void> {
    await page.locator('.graphiql-execute-button').click();
    await page.getByRole('menuitem', { name: operation }).click();
    await page.locator('.result-window').getByText(answer).first().waitFor();
  }

  test('it runs a mutation and a query, and no request leaves the origin', async () => {
    const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
    const requests: string[] = [];
    const complaints: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    page.on('websocket', (socket) => requests.push(socket.url()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    await page.goto(server.endpoint);
    expect(await page.title()).toBe('YaraDB');
    await page.getByText('Welcome to YaraDB').waitFor();

    await run(page, 'CreateUser', '"createDocument"');
    await run(page, 'FindUsers', '"findDocuments"');
    const { json } = await server.ask('{ findDocuments(table: "users") { nodes { body } } }');
    expect(at(json, 'data', 'findDocuments', 'nodes', 0, 'body')).toMatchObject({ username: 'alice' });

    expect(requests.length).toBeGreaterThanOrEqual(4);
    const origins = new Set(requests.map((url) => (url.startsWith('data:') ? server.url : new URL(url).origin)));
    expect([...origins]).toEqual([server.url]);
    expect(complaints).toEqual([]);
    await page.close();
  }, 60_000);

  test('it runs a subscription', async () => {
    const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
    await page.goto(server.endpoint);
    await page.getByText('Welcome to YaraDB').waitFor();
    await run(page, 'WatchUsers', '"Progress"');
    await server.ask('mutation { createDocument(table: "users", name: "user", body: {username: "bob"}) { id } }');
    await page.locator('.result-window').getByText('"bob"').first().waitFor();
    await server.ask('mutation { createDocument(table: "users", name: "user", body: {big: 9007199254740993}) { id } }');
    await page.locator('.result-window').getByText('9007199254740993').first().waitFor();
    await page.close();
  }, 60_000);

  test('it shows integers beyond 2^53 with all their digits', async () => {
    await server.ask('mutation { createDocument(table: "exact", name: "n", body: {big: 9007199254740993}) { id } }');
    const page = await browser.newPage();
    await page.goto(
      `${server.endpoint}?query=${encodeURIComponent('{ findDocuments(table: "exact") { nodes { body } } }')}`,
    );
    await page.locator('.graphiql-execute-button').click();
    await page.locator('.result-window').getByText('9007199254740993').first().waitFor();
    await page.close();
  }, 60_000);
});
