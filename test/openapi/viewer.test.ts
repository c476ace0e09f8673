import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ProtectedServer } from '../access/protected-server.ts';
import { launchChromium, noChromium } from '../support/chromium.ts';
import { send } from '../support/http-client.ts';
import { startDocumentedServer } from './documented-server.ts';

describe('the page at /docs', () => {
  let server: ProtectedServer;

  beforeAll(async () => {
    server = await startDocumentedServer();
  });

  afterAll(() => server[Symbol.asyncDispose]());

  test('comes with a policy that lets nothing leave the origin', async () => {
    const { status, headers, text } = await send(`${server.url}/docs`);
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    const policy = headers['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("connect-src 'self'");
    expect(policy).not.toMatch(/unsafe-eval|https?:|\*|blob:|script-src[^;]*unsafe-inline/);
    expect(text).toContain('<title>YaraDB API</title>');
  });

  test('is sent compressed to who takes it so, and not again to who has it', async () => {
    const { headers, text } = await send(`${server.url}/docs`, { headers: { 'accept-encoding': 'gzip' } });
    expect(headers['content-encoding']).toBe('gzip');
    expect(text.length).toBeLessThan(1_000_000);
    const again = await send(`${server.url}/docs`, { headers: { 'if-none-match': headers.etag ?? '' } });
    expect([again.status, again.text]).toEqual([304, '']);
  });
});

describe.skipIf(noChromium !== null)(`/docs in a browser${noChromium ?? ''}`, () => {
  let server: ProtectedServer;
  let browser: Browser;

  beforeAll(async () => {
    server = await startDocumentedServer();
    browser = await launchChromium();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await server[Symbol.asyncDispose]();
  });

  test('it shows the endpoints, runs one and keeps its integers, and no request leaves the origin', async () => {
    const id = '0190a000-0000-7000-8000-0000000000aa';
    const body = { operations: [{ op: 'create', doc_id: id, name: 'n', body: {} }] };
    await send(`${server.url}/document/transaction`, {
      method: 'POST',
      body: JSON.stringify(body).replace('"body":{}', '"body":{"big":9007199254740993}'),
    });
    const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
    const requests: string[] = [];
    const complaints: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    page.on('websocket', (socket) => requests.push(socket.url()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    await page.goto(`${server.url}/docs`);
    await page.getByText('/document/batch/create').first().waitFor();
    const operation = page.locator('#operations-documents-getDocument');
    await operation.locator('.opblock-summary').click();
    await operation.locator('input').first().fill(id);
    await operation.getByRole('button', { name: 'Execute' }).click();
    await operation.locator('.live-responses-table').getByText('9007199254740993').first().waitFor();

    const creation = page.locator('#operations-documents-createDocument');
    await creation.locator('.opblock-summary').click();
    await creation.locator('textarea').fill('{"name": "n", "body": {"sent": 12345678901234567890}}');
    await creation.getByRole('button', { name: 'Execute' }).click();
    await creation.locator('.live-responses-table').getByText('12345678901234567890').first().waitFor();
    const query = { method: 'POST', body: '{"sent": 12345678901234567890}' };
    expect((await send(`${server.url}/document/find`, query)).json).toHaveLength(1);

    expect(requests).toContain(`${server.url}/document/get/${id}`);
    const elsewhere = requests.filter((url) => !url.startsWith('data:') && new URL(url).origin !== server.url);
    expect(elsewhere).toEqual([]);
    expect(complaints).toEqual([]);
    await page.close();
  }, 60_000);
});
