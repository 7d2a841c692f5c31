// Vite's development server: what it takes from a save until a page has the new text.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { median, memory, offspring, rounds } from './measure.mjs';
import { packages, Project } from './project.mjs';
import { Running } from './running.mjs';
import { kontract } from './tools.mjs';

/** Plain Vite reads the same files, which have no annotations. */
export const VITES = { vite: '', 'vite, kontract/vite': 'kontract()' };

/** How many components the page imports; with them come most helpers and stores of the first thousand files. */
const COMPONENTS = 300;
const FUNCTIONS = 30;

export async function served(project, wanted, plugins) {
  writePage(project, plugins);
  const began = performance.now();
  const args = [join(packages, 'vite/bin/vite.js'), '--port', '0', '--host', '127.0.0.1'];
  const vite = new Running(project.folder, process.execPath, args, { KONTRACT_BIN: kontract });
  try {
    const [url] = await vite.says(/http:\/\/127\S+/);
    const page = await Page.open(url);
    const ready = performance.now() - began;
    const edited = async (path, change) => {
      const measured = await rounds(wanted, async () => {
        await sleep(500);
        const saved = performance.now();
        page.forget();
        const mark = change();
        for (;;) {
          const time = await page.update();
          const told = performance.now() - saved;
          const text = await page.fetch(`${page.address(path)}?t=${time}`);
          if (text.includes(mark)) return { told, served: performance.now() - saved };
        }
      });
      return [median(measured.map((round) => round.told)), median(measured.map((round) => round.served))];
    };
    const component = await edited(Project.PAGE, () => project.editPage());
    const server = await edited(Project.SERVER, () => project.editSignature());
    const compilers = offspring(vite.pid).filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('watch'));
    const compiler = compilers.length === 0 ? undefined : memory(compilers[0]);
    page.close();
    return [ready, ...component, ...server, memory(vite.pid) - (compiler ?? 0), compiler];
  } finally {
    await vite.stop();
  }
}

function writePage(project, plugins) {
  const all = project.sources;
  const imported = [
    ...all.filter((path) => path.endsWith('.tsx') && numberOf(path) < 1000).slice(0, COMPONENTS),
    ...all.filter((path) => path.startsWith('src/api/') && numberOf(path) < 1000).slice(0, FUNCTIONS),
  ];
  for (const path of [Project.PAGE, Project.SERVER]) if (!imported.includes(path)) imported.push(path);
  const lines = imported.map((path, index) => `import * as module${index} from './${path}';\n`);
  const names = imported.map((_, index) => `module${index}`);
  writeFileSync(project.path('page.ts'), `${lines.join('')}console.log(${names.join(', ')});\nimport.meta.hot?.accept();\n`);
  writeFileSync(project.path('index.html'), '<script type="module" src="/page.ts"></script>\n');
  writeFileSync(
    project.path('vite.config.mjs'),
    `${plugins === '' ? '' : "import kontract from 'kontract/vite';\n"}export default {
  plugins: [${plugins}],
  resolve: { tsconfigPaths: true },
  build: { outDir: 'out-vite' },
  server: { fs: { strict: false } },
};\n`,
  );
}

function numberOf(path) {
  return Number(/(\d+)\.tsx?$/.exec(path)[1]);
}

/** What a browser does: loads all modules, and listens. */
class Page {
  modules = new Set();
  updates = [];

  static async open(url) {
    const page = new Page();
    page.url = url.replace(/\/$/, '');
    const client = await page.fetch('/@vite/client');
    const token = /wsToken = "([^"]+)"/.exec(client)[1];
    page.socket = new WebSocket(`${page.url.replace('http', 'ws')}/?token=${token}`, 'vite-hmr');
    page.socket.on('message', (data) => {
      const { type, updates = [] } = JSON.parse(String(data));
      if (type !== 'update' || updates.length === 0) return;
      page.updates.push(updates[0].timestamp);
      page.look?.();
    });
    page.socket.on('error', (error) => page.fail?.(error));
    await page.load('/page.ts');
    return page;
  }

  async load(path) {
    if (this.modules.has(path)) return;
    this.modules.add(path);
    const text = await this.fetch(path);
    const imports = [...text.matchAll(/\b(?:from|import)\s*\(?\s*"(\/[^"]+)"/g)].map(([, found]) => found);
    await Promise.all(imports.filter((found) => !found.startsWith('/@vite/')).map((found) => this.load(found)));
  }

  /** Where a source is served, or what stands for it. */
  address(source) {
    const addresses = [`/${source}`, `/${source.replace(/^src/, 'dist/client').replace(/ts$/, 'js')}`];
    return addresses.findLast((address) => this.modules.has(address));
  }

  forget() {
    this.updates = [];
  }

  /** Resolves with the time that the next update names. */
  update() {
    return new Promise((resolve, reject) => {
      this.fail = reject;
      this.look = () => {
        if (this.updates.length > 0) resolve(this.updates.shift());
      };
      this.look();
    });
  }

  close() {
    this.socket.close();
  }

  async fetch(path) {
    // A connection that was kept may have been closed just now.
    const response = await fetch(this.url + path).catch(() => fetch(this.url + path));
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.text();
  }
}
