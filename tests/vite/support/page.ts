// A page as a visitor sees it, in Chromium.
import { type Browser, chromium, type Page } from 'playwright-core';
import { chromiumOptions } from '../../support/chromium.mjs';

export function launch(): Promise<Browser> {
  return chromium.launch(chromiumOptions());
}

/** A page with what it complained of, and what Vite has told it. */
export async function open(browser: Browser, address: string): Promise<{ page: Page; problems: string[]; updates: string[] }> {
  const page = await browser.newPage();
  page.setDefaultTimeout(60_000);
  const problems: string[] = [];
  const updates: string[] = [];
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('websocket', (socket) => {
    socket.on('framereceived', ({ payload }) => {
      const { type, updates: parts = [] } = JSON.parse(String(payload)) as { type: string; updates?: { path: string }[] };
      if (type !== 'connected') updates.push([type, ...parts.map((part) => part.path)].join(' '));
    });
  });
  await page.goto(address);
  return { page, problems, updates };
}

/** Makes an account, logs in and publishes an article. */
export async function publish(page: Page, name: string, title: string): Promise<void> {
  await page.getByRole('heading', { name: 'Welcome to Conduit' }).waitFor();
  await page.getByPlaceholder('E-mail').fill(`${name}@example.com`);
  await page.getByPlaceholder('Password').fill('correct horse battery');
  await page.getByLabel('I am new here').check();
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByText(`Logged in as ${name}`).waitFor();
  await page.getByRole('button', { name: 'Publish' }).click();
  await page.getByRole('alert').filter({ hasText: "title can't be blank" }).waitFor();
  await page.getByPlaceholder('Title').fill(title);
  await page.getByPlaceholder('What it is about').fill('Notes');
  await page.getByPlaceholder('Text').fill('They weave algebraic patterns.');
  await page.getByRole('button', { name: 'Publish' }).click();
  await page.getByRole('listitem').filter({ hasText: title }).waitFor();
}
