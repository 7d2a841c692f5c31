// node compare.mjs <project> <output folder>…: calls every route of each build in several ways, and
// the same middlewares as closures that call each other; prints where they differ.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [root, ...outputs] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(resolve(root, path)).href);
const sets = JSON.parse(readFileSync(join(root, 'sets.json'), 'utf8'));

// A promise that is returned and then overtaken by a `finally` is nobody's.
process.on('unhandledRejection', () => {});

const reference = await load('reference.mjs');
const entries = reference.default.map((entry) => (typeof entry === 'function' ? entry : (...args) => entry.fn(...args)));
const { handle, log, said } = await load('support.mjs');
const runners = [
  { name: 'closures', log, run: (route, ctx, body) => closures(sets[route], ctx, body) },
];
for (const output of outputs) {
  const { __kontract_routes: routes } = await load(`${output}/server/index.js`);
  const { log } = await load(`${output}/server/support.js`);
  runners.push({ name: output, log, run: (route, ctx, _, how) => routes.get(`route${route}`).handler(ctx, [how]) });
}

/** What a chain means: each middleware is called with a function that runs the rest. */
async function closures(set, ctx, body) {
  const call = { ran: false, returned: false, result: undefined };
  const runFrom = async (position) => {
    if (position === set.length) {
      call.ran = true;
      return (call.result = await body());
    }
    let inner;
    let settled = false;
    const next = () => {
      if (inner !== undefined) return Promise.reject(new Error(`next() was called twice in middleware ${set[position]}`));
      inner = runFrom(position + 1).finally(() => (settled = true));
      inner.catch(() => {});
      return inner;
    };
    const returned = await entries[set[position]](ctx, next);
    if (inner !== undefined && !settled) await inner;
    if (returned !== undefined) {
      call.returned = true;
      call.result = returned;
    }
    return call.result;
  };
  await runFrom(0);
  if (!call.ran && !call.returned) throw Object.assign(new Error(), { code: 'FORBIDDEN' });
  return call.result;
}

async function observe({ log, run }, route, bits, how) {
  log.length = 0;
  let end;
  try {
    end = `result ${JSON.stringify(await run(route, { bits, tag: 'tag' }, () => handle(`route${route}`, how), how))}`;
  } catch (error) {
    end = `error ${said(error)}`;
  }
  await new Promise(setImmediate);
  return [...log, end].join('\n');
}

const report = { compared: 0, ways: {}, differences: [] };
for (const route of sets.keys()) {
  for (const how of ['value', 'undefined', 'throws']) {
    const bits = (route * 7 + how.length * 13) % 64;
    for (const mask of [bits, bits ^ 63]) {
      const seen = [];
      for (const runner of runners) seen.push(await observe(runner, route, mask, how));
      report.compared++;
      const way = seen[0].split('\n').at(-1).split(' ')[0];
      report.ways[way] = (report.ways[way] ?? 0) + 1;
      seen.forEach((trace, index) => {
        if (trace === seen[0] || report.differences.length >= 5) return;
        report.differences.push({ route, set: sets[route], how, bits: mask, runner: runners[index].name, expected: seen[0], found: trace });
      });
    }
  }
}
console.log(JSON.stringify(report));
