// The tsconfigs of a project.
import * as fs from 'node:fs';
import * as path from 'node:path';

/** The tsconfig that says how `file` is read: the nearest, or the one it refers to that names the file. */
export function configOf(compiler, file) {
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    const config = path.join(folder, 'tsconfig.json').replaceAll('\\', '/');
    if (fs.existsSync(config)) {
      const names = (other) => compiler.configOf(other).fileNames.some((f) => f.toLowerCase() === file.toLowerCase());
      const others = references(config);
      return others.length === 0 || names(config) ? config : others.find(names) ?? config;
    }
    if (path.dirname(folder) === folder) return null;
  }
}

/** The tsconfigs that a solution's tsconfig refers to. */
export function references(config) {
  const list = /"references"\s*:\s*\[([^\]]*)\]/.exec(fs.readFileSync(config, 'utf8'))?.[1] ?? '';
  return [...list.matchAll(/"path"\s*:\s*"([^"]+)"/g)].map(([, name]) => {
    const target = path.join(path.dirname(config), name);
    return (name.endsWith('.json') ? target : path.join(target, 'tsconfig.json')).replaceAll('\\', '/');
  }).filter((target) => fs.existsSync(target));
}

/** A tsconfig and those of the project that it extends. */
export function configChain(config) {
  const chain = new Set();
  const left = config === null ? [] : [config];
  for (let file = left.pop(); file !== undefined; file = left.pop()) {
    if (chain.has(file) || !fs.existsSync(file)) continue;
    chain.add(file);
    const bases = /"extends"\s*:\s*(\[[^\]]*\]|"[^"]*")/.exec(fs.readFileSync(file, 'utf8'))?.[1] ?? '';
    for (const [, base] of bases.matchAll(/"(\.[^"]+)"/g)) {
      const target = path.join(path.dirname(file), base).replaceAll('\\', '/');
      left.push(fs.existsSync(target) ? target : `${target}.json`);
    }
  }
  return chain;
}
