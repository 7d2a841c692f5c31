// Answers the compiler's questions about types, with the project's own TypeScript.
//
// Input: `{ project, modules: { <path>: { name, text?, keep, own, taken } },
//           ambient: { <path>: <text> },
//           questions: [{ file, text, name, declared, bindings: [[parameter, question]], wanted }] }`.
// A question's text is a type in the scope of its file; bindings give its type parameters other
// questions' types.
// Output: `{ version, answers: [{ text } | { refusal }], helpers: { <file>: [{ name, text }] }, files }`.
import * as fs from 'node:fs';
import * as path from 'node:path';
import { findTypeScript } from './compilers.mjs';
import { configChain, configOf } from './projects.mjs';
import { Expander, Refusal } from './expand.mjs';

const PROBE = '__kontract_probe_';
const ANSWER = '__kontract_answer_';

/**
 * Errors that leave a type with parts that mean nothing: names and modules that are not found,
 * types too deep or complex. Others (a type argument that breaks its constraint) do not, and may
 * come of settings that are forced here.
 */
const SPOILING = new Set([2304, 2305, 2307, 2312, 2339, 2440, 2503, 2551, 2552, 2589, 2590, 2614, 2694, 2702, 2724, 2749, 2792]);

/** What the compiler sends its questions with: the answer is a line of the output. */
export async function main(request, mark) {
  process.stdout.write(`\n${mark}${JSON.stringify(await answer(request))}\n`);
}

export async function answer(request) {
  const found = await findTypeScript(request.project);
  if (found === null) return { missing: true };
  if (found.open === null) return { version: found.version, unsupported: true };
  const modules = new Map(Object.entries(request.modules).map(([file, module]) => [
    file,
    { ...module, keep: new Set(module.keep), own: new Set(module.own), taken: new Set(module.taken) },
  ]));
  const probes = probesOf(request, modules);
  const overlay = new Map();
  for (const [file, module] of modules) {
    if (module.text !== undefined) overlay.set(file, module.text);
  }
  for (const [file, probe] of probes) overlay.set(file, probe.text);
  const declared = Object.entries(request.ambient);
  for (const [file, text] of declared) overlay.set(file, text);

  const answers = [];
  const read = new Set();
  const configs = new Map();
  const lookup = found.open({ project: request.project, overlay });
  try {
    for (const file of probes.keys()) {
      const config = configOf(lookup, file);
      if (!configs.has(config)) configs.set(config, []);
      configs.get(config).push(file);
    }
    for (const [config, group] of configs) {
      const ambient = config === null ? [] : lookup.configOf(config).fileNames.filter((f) => /\.d\.[cm]?ts$/.test(f));
      lookup.open(config, [...new Set([...group, ...ambient, ...declared.map(([file]) => file)])]);
      const expander = new Expander(lookup, modules);
      for (const file of group) answerFile(lookup, expander, request, file, probes.get(file), answers);
      for (const file of lookup.files().filter((f) => !(f in request.ambient))) read.add(file);
      for (const file of configChain(config)) read.add(file);
    }
  } finally {
    lookup.close();
  }
  const helpers = {};
  for (const [file, module] of modules) {
    if (module.helpers?.texts.length > 0) helpers[file] = module.helpers.texts;
  }
  return { version: found.version, answers, helpers, files: [...read].sort() };
}

/** The text of each file that is asked about, with a type alias for each question at its end. */
function probesOf({ questions }, modules) {
  const files = new Map();
  const bound = new Set(questions.flatMap((q) => q.bindings.map(([, index]) => index)));
  questions.forEach((question, index) => {
    const { file } = question;
    if (!files.has(file)) {
      const text = modules.get(file)?.text ?? fs.readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
      files.set(file, { text: `${text}\n;`, asked: [] });
    }
    const probe = files.get(file);
    const parameters = question.bindings.map(([name]) => name).join(', ');
    const given = question.bindings.map(([, other]) => {
      const home = questions[other].file;
      return home === file ? `${ANSWER}${other}` : `import(${JSON.stringify(home)}).${ANSWER}${other}`;
    });
    const start = probe.text.length;
    // Exported only where another file needs it: a file without exports is no module.
    const keyword = bound.has(index) ? 'export type' : 'type';
    if (given.length > 0) {
      probe.text += `type ${PROBE}${index}<${parameters}> = ${question.text};\n`;
      probe.text += `${keyword} ${ANSWER}${index} = ${PROBE}${index}<${given.join(', ')}>;\n`;
    } else {
      probe.text += `${keyword} ${ANSWER}${index} = ${question.text};\n`;
    }
    probe.asked.push({ index, start, end: probe.text.length });
  });
  return files;
}

function answerFile(compiler, expander, { questions }, file, probe, answers) {
  // Those with a name of their own come first, so that the others refer to them by it.
  const asked = probe.asked.filter(({ index }) => questions[index].wanted)
    .sort((a, b) => Number(questions[b.index].declared) - Number(questions[a.index].declared));
  const types = compiler.aliases(file, asked.map(({ index }) => `${ANSWER}${index}`));
  const complaints = compiler.complaints(file).filter(({ code }) => SPOILING.has(code));
  asked.forEach(({ index, start, end }, at) => {
    const { text, name, declared } = questions[index];
    const complaint = complaints.find((c) => c.start >= start && c.start < end)?.text;
    try {
      if (complaint !== undefined || types[at] === undefined) throw new Refusal('unresolved', text, '');
      answers[index] = { text: expander.answer(types[at], file, name, declared) };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      // What is wrong may stand elsewhere in the file: an import that leads nowhere.
      const why = error.kind === 'unresolved' ? complaint ?? complaints[0]?.text : undefined;
      answers[index] = { refusal: { kind: error.kind, what: error.what, path: error.path, complaint: why } };
    }
  });
}
