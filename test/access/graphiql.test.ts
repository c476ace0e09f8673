import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, noChromium } from '../support/chromium.ts';
import { ProtectedServer } from './protected-server.ts';

describe.skipIf(noChromium !== null)(`GraphiQL of a server that asks for tokens${noChromium ?? ''}`, () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchChromium();
  }, 60_000);

  afterAll(() => browser?.close());

  test('loads without one, and sends the one among its headers', async () => {
    await using server = await ProtectedServer.start();
    const token = await server.token('read');
    const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
    const query = encodeURIComponent('{ status { engine } }');
    await page.goto(`${server.url}/graphql?query=${query}`);
    expect(await page.title()).toBe('YaraDB');
    await page.locator('.graphiql-execute-button').click();
    await page.locator('.result-window').getByText('UNAUTHENTICATED').first().waitFor();

    await page.getByRole('button', { name: 'Headers' }).click();
    await page.locator('.graphiql-editor-tool .graphiql-editor:not(.hidden)').click();
    await page.keyboard.insertText(JSON.stringify({ authorization: `Bearer ${token}` }));
    await page.locator('.graphiql-execute-button').click();
    await page.locator('.result-window').getByText('embedded').first().waitFor();
    await page.close();
  }, 60_000);
});
