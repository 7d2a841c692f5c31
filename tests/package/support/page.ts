// A page as a visitor sees it, in Chromium.
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll } from 'vitest';
import { chromiumOptions } from '../../support/chromium.mjs';

const browsers: Browser[] = [];

afterAll(async () => {
  for (const browser of browsers) await browser.close();
});

/** Opens a browser that is closed when the tests of the file have run. What its page complains of goes to `problems`. */
export async function open(address: string, problems: string[]): Promise<Page> {
  const browser = await chromium.launch(chromiumOptions());
  browsers.push(browser);
  const page = await browser.newPage();
  page.setDefaultTimeout(20_000);
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  page.on('pageerror', (error) => problems.push(String(error)));
  await page.goto(address);
  return page;
}
