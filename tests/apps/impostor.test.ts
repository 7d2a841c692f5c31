// Servers that do not keep to the protocol, and a client in a page that leaves them: Chromium's own
// cryptography, WebSockets and requests. Those that fixtures/wire lists.
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { changed } from '../../npm/kontract/src/testing/forger.ts';
import { Impostor } from '../../npm/kontract/src/testing/impostor.ts';
import { ANSWERS } from '../../npm/kontract/src/testing/misbehaviour/posts.ts';
import { BY_SERVERS, OF_ANY_RECORD } from '../../npm/kontract/src/testing/misbehaviour/records.ts';
import { RESPONSES } from '../../npm/kontract/src/testing/misbehaviour/responses.ts';
import { closePage, pageOf } from './support/page/page.ts';
import { wireSettings } from './support/raystream.ts';
import { build, copyProject } from './support/workspace.ts';

let impostor: Impostor;
let page: Page;

beforeAll(async () => {
  const app = await copyProject('streams');
  const { key } = (impostor = await Impostor.listen());
  impostor.close();
  await appendFile(join(app.root, 'kontract.toml'), wireSettings({ pin: Buffer.from(key.public).toString('base64'), secret: '' }));
  await build(app);
  page = await pageOf(app);
  await page.evaluate(VISITOR);
});
afterAll(() => closePage());

/** What the page does: it visits a server, calls it, asks it for items, and leaves. */
const VISITOR = `import('/index.js').then(({ Feed, ticks }) => {
  let leaving, outcomes;
  const note = (work) => outcomes.push(work.then(
    (value) => 'answered ' + JSON.stringify(value),
    (error) => leaving.signal.aborted ? 'given up' : String(error),
  ));
  globalThis.visitor = {
    visit(baseUrl, transport) {
      [leaving, outcomes] = [new AbortController(), []];
      configure({ baseUrl, transport });
    },
    call: () => void note(Feed.length('abc', { signal: leaving.signal })),
    ask: () => void note(ticks(9, { signal: leaving.signal }).next()),
    leave() {
      leaving.abort();
      return Promise.all(outcomes);
    },
  };
})`;

const call = (): void => void page.evaluate('visitor.call()');
const ask = (): void => void page.evaluate('visitor.ask()');
const leave = (): Promise<string[]> => page.evaluate('visitor.leave()');

beforeEach(async () => {
  impostor = await Impostor.listen();
});
afterEach(() => impostor.close());

describe('a page leaves a server', () => {
  beforeEach(() => page.evaluate(`visitor.visit('${impostor.url}', 'stream')`));

  test.each(RESPONSES)('that begins with %s', async (_, make) => {
    await impostor.begin(call, make);
    expect(await leave()).toEqual(['given up']);
  });

  test.each([...OF_ANY_RECORD, ...BY_SERVERS])('that sends %s', async (_, make) => {
    await impostor.goOn(call, ask, make);
    // The items may have come to an end before.
    for (const outcome of await leave()) expect(outcome).toMatch(/^(given up|HttpError(: .*)?|answered {"done":true})$/);
  });
});

describe('a page believes no POST’s answer', () => {
  test.each(ANSWERS)('of %s', async (_, change) => {
    await page.evaluate(`visitor.visit('${impostor.url}', 'post')`);
    impostor.spoil = (answer) => changed(answer, change);
    await page.evaluate('visitor.call(), visitor.call()');
    await expect.poll(() => impostor.answered).toBeGreaterThan(1);
    expect(await leave()).toEqual(['given up', 'given up']);
  });
});
