// A page as a visitor sees it, in Chromium.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll } from 'vitest';

const browsers: Browser[] = [];

afterAll(async () => {
  for (const browser of browsers) await browser.close();
});

/** Opens a browser that is closed when the tests of the file have run. What its page complains of goes to `problems`. */
export async function open(address: string, problems: string[]): Promise<Page> {
  const browser = await chromium.launch({ executablePath: executable(), args: ['--no-sandbox'] });
  browsers.push(browser);
  const page = await browser.newPage();
  page.setDefaultTimeout(20_000);
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  page.on('pageerror', (error) => problems.push(String(error)));
  await page.goto(address);
  return page;
}

function executable(): string {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const paths = ['chromium', 'google-chrome'].flatMap((name) => folders.map((folder) => join(folder, name)));
  const found = [process.env.CHROMIUM ?? '', ...paths].find((path) => path !== '' && canRun(path));
  if (found === undefined) throw new Error('neither chromium nor google-chrome is on PATH; CHROMIUM may name another one');
  return found;
}

function canRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
