// The TypeScript side in a page: `twin.ts` with what Chromium has of WebCrypto.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build } from 'esbuild';
import { type Browser, chromium, type Page } from 'playwright-core';
import { chromiumOptions } from '../../support/chromium.mjs';
import type { Ask, Side, Told } from './side.ts';

export class Chromium implements Side {
  readonly #browser: Browser;
  readonly #server: Server;
  readonly #page: Page;

  private constructor(browser: Browser, server: Server, page: Page) {
    this.#browser = browser;
    this.#server = server;
    this.#page = page;
  }

  static async open(): Promise<Chromium> {
    const { outputFiles } = await build({
      stdin: { contents: "import { Twin } from './twin.ts'; globalThis.twin = new Twin();", resolveDir: import.meta.dirname },
      bundle: true,
      format: 'esm',
      target: 'es2022',
      write: false,
    });
    const [script] = outputFiles;
    const server = createServer((request, response) => {
      const asked = request.url === '/twin.js';
      response.setHeader('content-type', asked ? 'text/javascript' : 'text/html');
      response.end(asked ? script?.contents : '<!doctype html><script type="module" src="/twin.js"></script>');
    });
    // A page of this machine may use WebCrypto, as one with TLS may.
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const browser = await chromium.launch(chromiumOptions());
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction('globalThis.twin !== undefined');
    return new Chromium(browser, server, page);
  }

  ask(ask: Ask): Promise<Told> {
    return this.#page.evaluate(`twin.ask(${JSON.stringify(ask)})`);
  }

  async close(): Promise<void> {
    await this.#browser.close();
    this.#server.close();
  }
}
