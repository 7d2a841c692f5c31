// raystream in TypeScript: records and handshakes in Node and in Chromium, and a WebSocket with
// and without it.
//
//   node benches/protocol/run.mjs [--rounds <n>] [--milliseconds <n>]
//
// Needs `npm ci` in this folder and npm/kontract built; Chromium on PATH, or named by CHROMIUM.
import { createServer } from 'node:http';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import WebSocket, { WebSocketServer } from 'ws';
import { chromiumOptions } from '../../tests/support/chromium.mjs';
import { echoes, side } from './socket.mjs';
import { measure, SIZES } from './work.mjs';

const here = import.meta.dirname;
const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, milliseconds: { type: 'string', default: '300' } },
});
const settings = { rounds: Number(options.rounds), milliseconds: Number(options.milliseconds) };

const page = await bundle();
const [server, url] = await serve();
const browser = await chromium.launch(chromiumOptions());
const tab = await browser.newPage();
await tab.goto(url);
console.log(`${cpus()[0].model.trim()}, ${cpus().length} cores, Node.js ${process.version}, Chromium ${browser.version()}`);

const inNode = await measure(settings);
const inPage = await tab.evaluate(`import('/page.js').then(({ measure }) => measure(${JSON.stringify(settings)}))`);
console.log('\n| seal and open | Node, a second of processor time | Chromium, a second |\n|---|---:|---:|');
for (const [index, { what, size, rate }] of inNode.entries()) {
  const name = size === undefined ? `${what}, both sides` : `${what}, ${size} B`;
  console.log(`| ${name} | ${[rate, inPage[index].rate].map((one) => shown(one, size)).join(' | ')} |`);
}

const socketUrl = url.replace('http', 'ws');
console.log('\n| echoes over a WebSocket, 64 under way | Node | Chromium |\n|---|---:|---:|');
for (const size of SIZES) {
  for (const encrypted of [false, true]) {
    const to = `${socketUrl}/${encrypted}`;
    const node = await echoes(WebSocket, to, encrypted, size, settings.milliseconds * 4);
    const given = JSON.stringify([to, encrypted, size, settings.milliseconds * 4]);
    const chrome = await tab.evaluate(`import('/page.js').then(({ echoes }) => echoes(WebSocket, ...${given}))`);
    console.log(`| ${size} B${encrypted ? ', raystream' : ''} | ${shown(node, size)} | ${shown(chrome, size)} |`);
  }
}
await browser.close();
server.close();

/** The script of the page. */
async function bundle() {
  const { outputFiles } = await build({
    stdin: { contents: "export * from './work.mjs'; export * from './socket.mjs';", sourcefile: 'page.mjs', resolveDir: here },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    external: ['./node.js'],
    write: false,
    outfile: join(here, 'out.js'),
  });
  return outputFiles[0].contents;
}

/** A page, and WebSockets that answer with what they get. */
async function serve() {
  const http = createServer((request, response) => {
    const script = request.url === '/page.js';
    response.setHeader('content-type', script ? 'text/javascript' : 'text/html');
    response.end(script ? page : '<!doctype html>');
  });
  new WebSocketServer({ server: http, maxPayload: 1 << 22 }).on('connection', async (socket, request) => {
    const waiting = [];
    socket.on('message', (data) => waiting.push(data));
    const { seal, open } = await side(request.url === '/true');
    let last = Promise.resolve();
    const answer = (data) => (last = last.then(async () => socket.send(await seal(await open(data)))));
    waiting.forEach(answer);
    socket.removeAllListeners('message').on('message', answer);
  });
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
  return [http, `http://127.0.0.1:${http.address().port}`];
}

function shown(rate, size) {
  const count = rate >= 100 ? Math.round(rate).toLocaleString('en') : rate.toFixed(1);
  return size === undefined ? `${count}/s` : `${count}/s, ${((rate * size) / 1e6).toFixed(0)} MB/s`;
}
