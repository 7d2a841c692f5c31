// A project for a TypeScript that this was not tested with: its `tsc` reads copies in a temporary
// folder, with what is to be read in place of the disk.
//
// The copies lie below the temporary folder where the originals lie on the disk, and beside each
// folder above them there are links to what is there: so relative paths mean the same.
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { CONFIG_NAME, derivedConfig } from '../typescript/compilers.mjs';

const COPIED = /\.(?:[cm]?[jt]sx?|json)$/;
const PROBLEM = /^(?:(.+?)\((\d+),(\d+)\): )?(error|warning) TS(\d+): (.*)$/;

export class Copies {
  constructor(tsc, { project, overlay }) {
    this.tsc = tsc;
    this.overlay = overlay;
    this.project = path.resolve(project);
    this.folder = fs.realpathSync(fs.mkdtempSync(path.join(tmpdir(), 'kontract-check-')));
    this.#copy(this.project);
    for (const [file, text] of overlay) this.#write(file, text);
  }

  configOf(config) {
    const { files = [], compilerOptions = {} } = JSON.parse(this.#run(['--showConfig', '-p', config]));
    const folder = path.dirname(config);
    return { fileNames: files.map((file) => slashes(path.resolve(folder, file))), options: compilerOptions };
  }

  open(config, roots, forced) {
    const folder = config === null ? this.project : path.dirname(config);
    const derived = path.join(folder, CONFIG_NAME);
    this.#write(derived, derivedConfig(config, roots.map((file) => this.#copyOf(file)), forced));
    this.output = this.#run(['--pretty', 'false', '-p', this.#copyOf(derived)], this.#copyOf(folder));
    this.base = folder;
  }

  problems() {
    const found = [];
    for (const line of this.output.split(/\r?\n/)) {
      const match = PROBLEM.exec(line);
      if (match === null) {
        if (found.length > 0 && line.startsWith(' ')) found.at(-1).text += `\n${line}`;
        continue;
      }
      const [, file, row, column, kind, code, text] = match;
      const place = file === undefined ? {} : this.#place(path.resolve(this.base, file), Number(row), Number(column));
      found.push({ ...place, code: Number(code), error: kind === 'error', text, related: [] });
    }
    return found;
  }

  /** Not known: what it found is not remembered. */
  files() {
    return [];
  }

  close() {
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  #place(copy, row, column) {
    const file = this.#originalOf(copy);
    const text = this.overlay.get(file) ?? fs.readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
    let start = column - 1;
    for (const line of text.split(/(?<=\r\n|\n|\r(?!\n))/).slice(0, row - 1)) start += line.length;
    const length = /^[\p{L}\p{N}_$]+/u.exec(text.slice(start))?.[0].length ?? 1;
    return { file, start, end: start + length };
  }

  /** A drive letter is a folder there. */
  #copyOf(file) {
    return path.join(this.folder, path.resolve(file).replace(/^([A-Za-z]):/, '$1'));
  }

  #originalOf(file) {
    const inside = path.relative(this.folder, file);
    if (inside.startsWith('..') || path.isAbsolute(inside)) return slashes(file);
    return slashes(path.sep === '/' ? `/${inside}` : inside.replace(/^([A-Za-z])(?=\\)/, '$1:'));
  }

  #write(file, text) {
    const copy = this.#copyOf(file);
    fs.mkdirSync(path.dirname(copy), { recursive: true });
    fs.writeFileSync(copy, text);
  }

  #copy(project) {
    for (let folder = project; path.dirname(folder) !== folder; folder = path.dirname(folder)) {
      const above = path.dirname(folder);
      fs.mkdirSync(this.#copyOf(folder), { recursive: true });
      for (const name of namesIn(above)) {
        if (path.join(above, name) !== folder) this.#link(path.join(above, name));
      }
    }
    const left = [project];
    for (let folder = left.pop(); folder !== undefined; folder = left.pop()) {
      fs.mkdirSync(this.#copyOf(folder), { recursive: true });
      for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
        const file = path.join(folder, entry.name);
        if (file === this.folder) continue;
        if (entry.name === 'node_modules' || entry.isSymbolicLink()) this.#link(file);
        else if (entry.isDirectory() && entry.name !== '.git') left.push(file);
        else if (entry.isFile() && COPIED.test(entry.name)) fs.copyFileSync(file, this.#copyOf(file));
      }
    }
  }

  #link(file) {
    try {
      fs.symlinkSync(fs.realpathSync(file), this.#copyOf(file), 'junction');
    } catch {
      // What cannot be linked is missed where it is needed.
    }
  }

  /** What `tsc` prints. It fails where there are errors. */
  #run(args, cwd = path.dirname(this.tsc)) {
    const { stdout, stderr, error } = spawnSync(process.execPath, [this.tsc, ...args], { cwd, encoding: 'utf8', maxBuffer: 1 << 28 });
    if (error !== undefined) throw error;
    if (stderr !== '') throw new Error(`tsc: ${stderr.trim().split('\n')[0]}`);
    return stdout;
  }
}

function namesIn(folder) {
  try {
    return fs.readdirSync(folder);
  } catch {
    return [];
  }
}

function slashes(file) {
  return file.replaceAll('\\', '/');
}
