// Checks a project's types with the project's own TypeScript.
//
// Input: `{ project, overlay: { <path>: <text> }, sources: [<path>], ambient: { <path>: [<path>] } }`:
// what is read in place of the disk, the sources that tsconfigs may leave out, and declarations
// with the sources that need them.
// Output: `{ version, problems: [{ file?, start, end, code, error, text, related }], files }`, positions
// in UTF-16 units of what was read.
import * as path from 'node:path';
import { Copies } from './copies.mjs';
import { findTypeScript, isDerived, isNative } from '../typescript/compilers.mjs';
import { configChain, configOf, references } from '../typescript/projects.mjs';

/** What must hold for a check that writes nothing, whatever the project's own settings say. */
const QUIET = {
  noEmit: true,
  emitDeclarationOnly: false,
  composite: false,
  incremental: false,
  tsBuildInfoFile: null,
};

/**
 * What only `QUIET`, and reading the sources of projects that are referred to, brings up: files
 * outside of `rootDir` or of the project's list, and projects without outputs.
 */
const OWN_DOING = new Set([5011, 6059, 6304, 6305, 6306, 6307, 6310]);

/** Versions that answered as expected. The interface of 7 is young: of later ones `tsc` is asked. */
const TESTED = /^(?:5|6|7\.0)\./;

/** What the compiler sends its request with: the answer is a line of the output. */
export async function main(request, mark) {
  process.stdout.write(`\n${mark}${JSON.stringify(await check(request))}\n`);
}

export async function check(request) {
  const found = await findTypeScript(request.project);
  if (found === null) return { missing: true };
  if (found.open === null) return { version: found.version, unsupported: true };
  const settings = { project: request.project, overlay: new Map(Object.entries(request.overlay)) };
  const { version, tsc } = found;
  const copies = () => checkWith(new Copies(tsc, settings), request);
  if (!TESTED.test(version)) return { version, ...copies() };
  try {
    return { version, ...checkWith(found.open(settings), request) };
  } catch (error) {
    // The library and its `tsc` are one program.
    if (!isNative(version)) throw error;
    return { version, ...copies() };
  }
}

function checkWith(compiler, request) {
  try {
    return findProblems(compiler, request);
  } finally {
    compiler.close();
  }
}

function findProblems(compiler, { project, sources, ambient }) {
  const groups = groupsOf(compiler, project, sources);
  const owned = new Set([...groups.values()].flatMap(({ names }) => [...names]));
  const seen = new Set();
  const problems = [];
  const files = new Set();
  for (const [config, { names, options }] of groups) {
    if (names.size === 0) continue;
    const needed = Object.entries(ambient).filter(([, users]) => users.some((file) => names.has(file)));
    const roots = [...names, ...needed.map(([file]) => file)];
    const forced = options.composite ? { declaration: true, ...QUIET } : QUIET;
    compiler.open(config, [...new Set(roots)], forced);
    for (const problem of compiler.problems()) {
      // A file is told of by the projects that name it.
      if (owned.has(problem.file) && !names.has(problem.file)) continue;
      if (OWN_DOING.has(problem.code)) continue;
      if (isDerived(problem.file)) Object.assign(problem, { file: config, start: undefined, end: undefined });
      const key = JSON.stringify(problem);
      if (!seen.has(key)) problems.push(problem);
      seen.add(key);
    }
    for (const file of [...compiler.files(), ...configChain(config)]) files.add(file);
  }
  return { problems, files: [...files].sort() };
}

/**
 * The tsconfigs that have a say, with the files that they name: the project's, those it refers to,
 * and for sources that none of these names the nearest one, as if it did.
 */
function groupsOf(compiler, project, sources) {
  const groups = new Map();
  const add = (config) => {
    if (groups.has(config)) return groups.get(config);
    const { fileNames, options } = config === null ? { fileNames: [], options: {} } : compiler.configOf(config);
    const group = { names: new Set(fileNames), options };
    groups.set(config, group);
    if (config !== null) references(config).forEach(add);
    return group;
  };
  const nearest = configOf(compiler, path.join(project, 'kontract.toml'));
  add(nearest);
  const named = new Set([...groups.values()].flatMap(({ names }) => [...names]));
  for (const file of sources.filter((file) => !named.has(file))) {
    add(configOf(compiler, file)).names.add(file);
  }
  return groups;
}
