// What a build costs that finds an earlier one, beside other tools: in a process of its own and in
// one that is kept running. Generated projects of 1000 and 10 000 files; about five minutes.
//
//   KONTRACT_BIN=target/release/kontract node benches/incremental/run.mjs [--rounds 5] [--files 1000,10000] [--edits]
//
// With --edits only what kinds of edits cost kontract; about a minute.
import { parseArgs } from 'node:util';
import { median, rounds } from './measure.mjs';
import { Project } from './project.mjs';
import { table } from './table.mjs';
import { BUILDS, CHECKS, forget, watched, WATCHERS } from './tools.mjs';
import { served, VITES } from './vite.mjs';

const { values: flags } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, files: { type: 'string', default: '1000,10000' }, edits: { type: 'boolean', default: false } },
});
const wanted = Number(flags.rounds);
const sizes = flags.files.split(',').map(Number);

console.log(`${process.version}, milliseconds, medians of at most ${wanted} rounds\n`);
const [builds, watchers, edits, checks, vites] = [[], [], [], [], []];
for (const size of sizes) {
  const project = new Project(size);
  const measure = async (rows, name, measured) => {
    rows.push([size, name, ...(await measured)]);
    console.error(rows.at(-1).map((cell) => (typeof cell === 'number' ? Math.round(cell) : cell)).join(' '));
  };
  try {
    await edited(project, (name, measured) => measure(edits, name, measured));
    if (flags.edits) continue;
    for (const [name, build] of Object.entries(BUILDS)) {
      // Its time grows with the files as that of its successor.
      if (name.includes('5.9') && size > 1000) continue;
      await measure(builds, name, repeated(project, build));
    }
    for (const [name, watch] of Object.entries(WATCHERS)) await measure(watchers, name, watch(project, wanted));
    for (const [name, check] of Object.entries(CHECKS)) await measure(checks, name, repeated(project, check));
    for (const [name, plugins] of Object.entries(VITES)) await measure(vites, name, served(project, wanted, plugins));
  } finally {
    project.remove();
  }
}
table('kontract, by what is edited', ['in a process of its own', 'CPU', 'kept running, by itself', 'from the save', 'MB'], edits);
if (flags.edits) process.exit();
const thrice = ['anew', 'CPU', 'nothing changed', 'CPU', 'body changed', 'CPU'];
table('In a process of its own', thrice, builds);
table('Kept running, body changed', ['by itself', 'from the save', 'MB'], watchers);
table('Types', thrice, checks);
const toPage = ['told', 'served'];
table('Vite: a page is loaded; a component is changed, parameters of a backend function are changed', ['loaded', ...toPage, ...toPage, 'MB', 'compiler, MB'], vites);

/** Each kind of edit, built in a process of its own and by one that is kept running. */
async function edited(project, measure) {
  const build = BUILDS['kontract build'];
  const kinds = { body: 'editBody', 'lines moved': 'editLines', parameter: 'editSignature', 'new function': 'addFunction' };
  build(project);
  for (const [name, kind] of Object.entries(kinds)) {
    const edit = () => project[kind]();
    const alone = await rounds(wanted, () => (edit(), build(project)));
    const both = [median(alone.map((run) => run.wall)), median(alone.map((run) => run.cpu))];
    await measure(name, [...both, ...(await watched(project, wanted, edit))]);
  }
}

/** Without what an earlier run left, again, and after an edit. */
async function repeated(project, build) {
  forget(project);
  const anew = build(project);
  // What was written a moment ago is hashed once more.
  build(project);
  const unchanged = await rounds(wanted, () => build(project));
  const changed = await rounds(wanted, () => (project.editBody(), build(project)));
  return [[anew], unchanged, changed].flatMap((runs) => [median(runs.map((run) => run.wall)), median(runs.map((run) => run.cpu))]);
}
