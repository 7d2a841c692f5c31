// The TypeScript side in workerd, which runs Cloudflare's Workers: `twin.ts`, with a request for each ask.
import { build } from 'esbuild';
import { Miniflare } from 'miniflare';
import { WORKER_BUNDLE, workerOptions } from '../../support/workerd.mjs';
import type { Ask, Side, Told } from './side.ts';

export class Workerd implements Side {
  readonly #miniflare: Miniflare;

  private constructor(miniflare: Miniflare) {
    this.#miniflare = miniflare;
  }

  static async open(compatibilityFlags: string[]): Promise<Workerd> {
    const { outputFiles } = await build({ stdin: { contents: WORKER, resolveDir: import.meta.dirname }, ...WORKER_BUNDLE });
    const script = outputFiles[0]?.text ?? '';
    const miniflare = new Miniflare(workerOptions(script, compatibilityFlags));
    await miniflare.ready;
    return new Workerd(miniflare);
  }

  async ask(ask: Ask): Promise<Told> {
    return (await this.#request({ method: 'POST', body: JSON.stringify(ask) })) as Told;
  }

  /** Whether `node:crypto` is offered there. */
  async hasNode(): Promise<boolean> {
    return (await this.#request({ method: 'GET' })) as boolean;
  }

  async #request(init: { method: string; body?: string }): Promise<unknown> {
    const response = await this.#miniflare.dispatchFetch('http://worker/', init);
    if (!response.ok) throw new Error(await response.text());
    return response.json();
  }

  close(): Promise<void> {
    return this.#miniflare.dispose();
  }
}

/** What it has of a session is there for all requests, as a Worker would keep a pass. */
const WORKER = `
  import { Twin } from './twin.ts';

  const twin = new Twin();

  export default {
    async fetch(request) {
      if (request.method === 'GET') return Response.json(Boolean(globalThis.process?.getBuiltinModule?.('node:crypto')));
      return Response.json(await twin.ask(await request.json()));
    },
  };
`;
